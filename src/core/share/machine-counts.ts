import type { RedisClient } from '../../redis/client.js'
import { answerOrRemove } from '../../redis/wrong-type.js'

/** The largest count that a record has room for. */
const MOST = 2 ** 32 - 1

/** Counts of machines as Redis has them: anybody may have written any text. */
export type MachineCounts = Readonly<Record<string, string>>

/** Reads the counts of all machines from a hash, for `countOf`. */
export async function readCounts(client: RedisClient, key: string): Promise<MachineCounts> {
  return (await answerOrRemove(client, key, client.hgetall(key))) ?? {}
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
