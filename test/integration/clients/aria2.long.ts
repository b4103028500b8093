import { testMagnets } from './download-magnet.js'
import { testStalls } from './download-stall.js'
import { testMoreDownloads } from './download.js'

testMoreDownloads('aria2c')
testStalls('aria2c')
testMagnets('aria2c')
