import type { RedisClient } from '../redis/client.js'
import { answerOrRemove } from '../redis/wrong-type.js'

/** The largest count that a record has room for. */
const MOST = 2 ** 32 - 1

/**
 * Returns a hash of at most 10,000 fields and a MiB. Removes anything else, before the whole of it
 * is read: a stranger may have written gigabytes.
 */
const READ_COUNTS = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {} end
if kind == 'hash' and redis.call('HLEN', KEYS[1]) <= 10000
  and redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) <= 1048576 then
  return redis.call('HGETALL', KEYS[1])
end
-- A read-only server keeps it
redis.pcall('UNLINK', KEYS[1])
return {}
`

/** Scripts for readCounts, by the names of the methods that call them. */
export const COUNT_SCRIPTS = { btkitCounts: { lua: READ_COUNTS, numberOfKeys: 1 } }

type CountScript = (key: string) => Promise<unknown>

/** Counts of machines as Redis has them: anybody may have written any text. */
export type MachineCounts = Readonly<Record<string, string>>

/**
 * Reads the counts of all machines from a hash, for `countOf`. The link of the client must have
 * COUNT_SCRIPTS.
 */
export async function readCounts(client: RedisClient, key: string): Promise<MachineCounts> {
  const { btkitCounts } = client as unknown as Record<string, CountScript | undefined>
  const reply = await btkitCounts?.call(client, key)
  const texts = Array.isArray(reply) ? reply.map(String) : []
  const names = texts.filter((_, i) => i % 2 === 0)
  return Object.fromEntries(names.map((name, i) => [name, texts[2 * i + 1] ?? '']))
}

/** Returns the count of a machine, 0 if there is none; null if it is no integer of 32 bits. */
export function countOf(counts: MachineCounts | null, machine: string): number | null {
  if (counts === null || !Object.hasOwn(counts, machine)) return 0
  const text = counts[machine] ?? ''
  return /^\d{1,10}$/.test(text) && Number(text) <= MOST ? Number(text) : null
}

/** Adds one to the count of a machine. A value that cannot be counted up becomes `otherwise`. */
export async function countUp(
  client: RedisClient,
  { key, machine, otherwise }: { key: string; machine: string; otherwise: number },
): Promise<void> {
  const increment = client.hincrby(key, machine, 1).catch((error: unknown) => {
    if (error instanceof Error && /not an integer|overflow/.test(error.message)) return null
    throw error
  })
  const count = await answerOrRemove(client, key, increment)
  if (count === null || count < 1 || count > MOST) await client.hset(key, machine, otherwise)
}
