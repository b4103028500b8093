// Runs btkit with the arguments of this process, and with short times of the queue.
import { main } from '../../src/cli/main.js'
import { queueTimes } from '../../src/core/queue/connect.js'

Object.assign(queueTimes, {
  patience: 5000,
  look: 200,
  alone: 1500,
  silence: 4000,
  rest: 1000,
  lock: 1000,
  stalled: 300,
  progress: 100,
  backoff: 50,
})
await main('btkit')
