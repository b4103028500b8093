import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('rtorrent')
testRefusals('rtorrent')
