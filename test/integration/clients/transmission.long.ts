import { testDownloadByDaemon } from './download-by-daemon.js'
import { testMagnets } from './download-magnet.js'
import { testStalls } from './download-stall.js'
import { testDownloads, testMoreDownloads } from './download.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('transmission')
testRefusals('transmission')
testDownloadByDaemon('transmission')
testDownloads('transmission-daemon')
testMoreDownloads('transmission-daemon')
testStalls('transmission-daemon')
testMagnets('transmission-daemon')
