import { TWIN_USES } from '../hash-options.js'
import { testLongPieces } from './long-pieces.js'

testLongPieces(TWIN_USES, ['a byte more than a piece', 'files that end in the middle of pieces'])
