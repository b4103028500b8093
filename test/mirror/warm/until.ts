import { setTimeout } from 'node:timers/promises'
import { readMetric } from '../read-metric.js'

/** Milliseconds that something may take on a slow and busy machine. */
const PATIENCE = 100_000

/** Polls until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it never came to that')
    await setTimeout(20)
  }
}

/** Waits until that many warm files are in that state. */
export function untilFiles(port: number, state: string, count: number): Promise<void> {
  const name = `btkit_warm_files{state="${state}"}`
  return until(async () => (await readMetric(port, name)) === count)
}
