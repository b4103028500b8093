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

/** Bytes hashed since the service started. */
export function readHashedBytes(port: number): Promise<number> {
  return readMetric(port, 'btkit_hashed_bytes_total')
}
