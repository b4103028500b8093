import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('aria2')
testRefusals('aria2')
