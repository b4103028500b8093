import { TWIN_USES } from '../hash-options.js'
import { testLongPieces } from './long-pieces.js'

testLongPieces(TWIN_USES)
