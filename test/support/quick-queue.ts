// Runs btkit with the arguments of this process, and with short times of the queue.
import { main } from '../../src/cli/main.js'
import { hurryQueue } from './quick-times.js'

hurryQueue()
await main('btkit')
