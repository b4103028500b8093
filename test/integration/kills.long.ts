import { testKills } from './kills.js'

testKills(Number(process.env['BTKIT_TEST_KILLS'] ?? 10))
