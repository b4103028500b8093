import { SECONDS_BETWEEN_NOTES } from '../cache/records/record.js'
import { BtkitError } from '../errors.js'
import type { RedisAddress, RedisClient } from '../redis/client.js'
import { RedisLink } from '../redis/link.js'
import { HEADER, readSharedAt, RECORD_PATTERN, redisKey } from './shared-digests.js'

/** Summary of the shared records. */
export interface SharedReport {
  readonly url: string
  readonly records: number
}

/**
 * Counts the shared records.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export async function summarizeShared(address: RedisAddress): Promise<SharedReport> {
  let records = 0
  await eachPage(address, (keys) => {
    records += keys.length
    return Promise.resolve()
  })
  return { url: address.label, records }
}

/**
 * Removes shared records that no machine has used since a time in milliseconds since 1970. Returns
 * their number. A dry run only counts them.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export async function pruneShared(
  address: RedisAddress,
  since: number,
  dryRun = false,
): Promise<number> {
  let removed = 0
  await eachPage(address, async (keys, ask) => {
    // Another type of value is none of btkit's
    const headers = await ask((client) =>
      Promise.all(
        keys.map((key) => client.getrangeBuffer(key, 0, HEADER - 1).catch(() => Buffer.of())),
      ),
    )
    const unused = keys.filter((_, i) => {
      // A use is noted once a week
      return (readSharedAt(headers[i] ?? Buffer.of()) + SECONDS_BETWEEN_NOTES) * 1000 <= since
    })
    removed += unused.length
    if (!dryRun) await ask((client) => Promise.all(unused.map((key) => client.unlink(key))))
  })
  return removed
}

type Ask = <T>(call: (client: RedisClient) => Promise<T>) => Promise<T>

/** Does work with the keys of all records, some at a time. */
async function eachPage(
  address: RedisAddress,
  work: (keys: readonly string[], ask: Ask) => Promise<void>,
): Promise<void> {
  let why = ''
  const warn = (message: string) => {
    why = message
  }
  const link = new RedisLink(address, { warn })
  const ask: Ask = async (call) => {
    const answer = await link.ask(async (client) => ({ of: await call(client) }))
    if (answer) return answer.of
    throw new BtkitError('unreachable', why || `${address.label}: no answer`)
  }
  try {
    const servers = await ask(async (client) => {
      // A cluster names its nodes only when it is connected
      await client.exists(redisKey(''))
      return 'nodes' in client ? client.nodes('master') : [client]
    })
    for (const server of servers) {
      let cursor = '0'
      do {
        const scan = () => server.scan(cursor, 'MATCH', RECORD_PATTERN, 'COUNT', 1000)
        const [next, keys] = await ask(scan)
        cursor = next
        await work(keys, ask)
      } while (cursor !== '0')
    }
  } finally {
    link.close()
  }
}
