import { testDownloadByDaemon } from './download-by-daemon.js'
import { testMagnets } from './download-magnet.js'
import { testStalls } from './download-stall.js'
import { testDownloads, testMoreDownloads } from './download.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('aria2')
testRefusals('aria2')
testDownloadByDaemon('aria2')
testDownloads('aria2c')
testMoreDownloads('aria2c')
testStalls('aria2c')
testMagnets('aria2c')
