import { USES } from './hash-options.js'
import { testLongPieces } from './jobs/long-pieces.js'
import { testLayouts } from './stream-layouts.js'
import { testV2Layouts } from './v2-layouts.js'

testLayouts(USES)
testV2Layouts(USES)
testLongPieces(USES)
