// Runs the program whose name and command are the first arguments, with short times and without the
// public DHT.
import { main } from '../../src/cli/main.js'
import { beginDhtAt, hurryDisplay, hurryQueue, NO_NODE } from './quick-times.js'

hurryQueue()
hurryDisplay()
beginDhtAt(NO_NODE)
const [name = 'btkit', command = ''] = process.argv.splice(2, 2)
await main(name, command || null)
