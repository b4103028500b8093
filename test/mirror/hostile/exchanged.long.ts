import { testExchanged } from './exchanged.js'

testExchanged(
  'for minutes, nothing from outside is seen while names become links that lead out',
  4000,
)
