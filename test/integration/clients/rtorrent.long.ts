import { testDownloadByDaemon } from './download-by-daemon.js'
import { testMagnets } from './download-magnet.js'
import { testStalls } from './download-stall.js'
import { testDownloads, testMoreDownloads } from './download.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('rtorrent')
testRefusals('rtorrent')
testDownloadByDaemon('rtorrent')
testDownloads('rtorrent')
testMoreDownloads('rtorrent')
testStalls('rtorrent')
testMagnets('rtorrent')
