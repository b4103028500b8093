import { queueTimes } from '../../src/fleet/connect.js'

/** Shortens the times of the queue in this process. */
export function hurryQueue(): void {
  Object.assign(queueTimes, {
    patience: 5000,
    look: 200,
    alone: 1500,
    silence: 4000,
    rest: 1000,
    lock: 1000,
    stalled: 300,
    backoff: 50,
  })
}
