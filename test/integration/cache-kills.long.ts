import { testCacheKills } from './cache-kills.js'

testCacheKills(Number(process.env['BTKIT_TEST_KILLS'] ?? 10))
