import { testDownloadByDaemon } from './download-by-daemon.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('qbittorrent')
testRefusals('qbittorrent')
testDownloadByDaemon('qbittorrent')
