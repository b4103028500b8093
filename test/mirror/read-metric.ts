import { until } from '../support/until.js'
import { ask } from './ask.js'

/** A metric of the service, by its name and labels as in `/-/metrics`. */
export async function readMetric(port: number, name: string): Promise<number> {
  const { body } = await ask(port, '/-/metrics')
  const line = body
    .toString()
    .split('\n')
    .find((each) => each.startsWith(`${name} `))
  if (line === undefined) throw new Error(`no ${name} among the metrics`)
  return Number(line.slice(name.length + 1))
}

/** Waits until a metric has a value. */
export async function untilMetric(port: number, name: string, value: number): Promise<void> {
  await until(name, async () => (await readMetric(port, name)) === value)
}

/** Waits until that many warm files are in that state. */
export function untilFiles(port: number, state: string, count: number): Promise<void> {
  return untilMetric(port, `btkit_warm_files{state="${state}"}`, count)
}

/** Bytes hashed since the service started. */
export function readHashedBytes(port: number): Promise<number> {
  return readMetric(port, 'btkit_hashed_bytes_total')
}
