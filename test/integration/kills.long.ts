import { testCacheKills } from './cache-kills.js'
import { testKills } from './kills.js'

testKills(100)

testCacheKills(200)
