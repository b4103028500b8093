import type { RedisClient } from '../../redis/client.js'

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

type RecordScript = (tag: string, ...args: readonly (string | number)[]) => Promise<unknown>

/** The key of a record to read. */
export interface Wanted {
  readonly key: string
  /** Most bytes of its value. */
  readonly bytes: number
}

/** Returns the length of a key up to the end of its hash tag. */
const tagLength = (key: string) => key.indexOf('}') + 1

/** Groups keys by their hash tags: the keys of a group are on one node of a cluster. */
export function byTag<T extends Wanted>(wanted: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const each of wanted) {
    const tag = each.key.slice(0, tagLength(each.key))
    const group = groups.get(tag)
    if (group) group.push(each)
    else groups.set(tag, [each])
  }
  return [...groups.values()]
}

/**
 * Reads the records of keys that share a hash tag, in one command: one for each would take longer
 * than all other work of adopting it. The link of the client must have RECORD_SCRIPTS.
 */
export async function readRecords(
  client: RedisClient,
  wanted: readonly Wanted[],
): Promise<(Buffer | null)[]> {
  const { btkitRecordsBuffer } = client as unknown as Record<string, RecordScript | undefined>
  const length = tagLength(wanted[0]?.key ?? '')
  const args = wanted.flatMap(({ key, bytes }) => [key.slice(length), bytes])
  const reply = await btkitRecordsBuffer?.call(
    client,
    wanted[0]?.key.slice(0, length) ?? '',
    ...args,
  )
  const found: readonly unknown[] = Array.isArray(reply) ? reply : []
  return wanted.map((_, i) => {
    const record = found[i]
    return Buffer.isBuffer(record) && record.length > 0 ? record : null
  })
}
