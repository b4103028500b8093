import { USES } from './hash-options.js'
import { testLongPieces } from './jobs/long-pieces.js'
import { LARGE_LAYOUTS, LAYOUTS, testLayouts } from './stream-layouts.js'
import { LARGE_V2_LAYOUTS, testV2Layouts, V2_LAYOUTS } from './v2-layouts.js'

testLayouts({ ...LAYOUTS, ...LARGE_LAYOUTS }, USES)
testV2Layouts({ ...V2_LAYOUTS, ...LARGE_V2_LAYOUTS }, USES)
testLongPieces(USES)
