import { testExchanged } from './exchanged.js'

testExchanged('nothing from outside is seen while names become links that lead out', 12)
