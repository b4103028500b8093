import type { RedisClient } from '../redis/client.js'

/**
 * Returns the beginnings of strings: ARGV has the end of each key, and the number of bytes. Removes
 * anything that is no string, unless the server is read-only.
 */
const READ_RECORDS = `
local found = {}
for i = 1, #ARGV, 2 do
  local key = KEYS[1] .. ARGV[i]
  local record = redis.pcall('GETRANGE', key, 0, ARGV[i + 1] - 1)

  if type(record) == 'table' then redis.pcall('UNLINK', key) end
  found[#found + 1] = type(record) == 'string' and record or ''
end
return found
`

/** Scripts for readRecords, by the names of the methods that call them. */
export const RECORD_SCRIPTS = { btkitRecords: { lua: READ_RECORDS, numberOfKeys: 1 } }

type RecordScript = (beginning: string, ...args: readonly (string | number)[]) => Promise<unknown>

/** The key of a record to read. */
export interface Wanted {
  readonly key: string
  /** Most bytes of its value. */
  readonly bytes: number
}

/**
 * Reads records, in order; null for each that is missing. One command reads many: one for each would
 * take longer than all other work of adopting it. The link of the client must have RECORD_SCRIPTS.
 */
export async function readRecords(
  client: RedisClient,
  wanted: readonly Wanted[],
): Promise<(Buffer | null)[]> {
  const { btkitRecordsBuffer } = client as unknown as Record<string, RecordScript | undefined>
  const found: (Buffer | null)[] = wanted.map(() => null)
  const read = async ([beginning, group]: [string, readonly Place[]]) => {
    const args = group.flatMap(({ key, bytes }) => [key.slice(beginning.length), bytes])
    const reply = await btkitRecordsBuffer?.call(client, beginning, ...args)
    const records: readonly unknown[] = Array.isArray(reply) ? reply : []
    for (const [i, { at }] of group.entries()) {
      const record = records[i]
      if (Buffer.isBuffer(record) && record.length > 0) found[at] = record
    }
  }
  // In a cluster, all keys of a command must have one hash tag
  await Promise.all([...byBeginning(wanted, client.isCluster ? '}' : '{')].map(read))
  return found
}

/** A wanted key, and its place among all. */
interface Place extends Wanted {
  readonly at: number
}

/** Groups keys by what they begin with, up to the first such character. */
function byBeginning(wanted: readonly Wanted[], last: string): Map<string, Place[]> {
  const groups = new Map<string, Place[]>()
  for (const [at, { key, bytes }] of wanted.entries()) {
    const beginning = key.slice(0, key.indexOf(last) + 1)
    const group = groups.get(beginning)
    if (group) group.push({ key, bytes, at })
    else groups.set(beginning, [{ key, bytes, at }])
  }
  return groups
}
