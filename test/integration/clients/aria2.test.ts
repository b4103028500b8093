// The quickest of the clients; the others, and the rest of it, are tested by npm run check:long
import { testDownloadByDaemon } from './download-by-daemon.js'
import { testDownloads } from './download.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('aria2')
testRefusals('aria2')
testDownloadByDaemon('aria2')
testDownloads('aria2c')
