import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('transmission')
testRefusals('transmission')
