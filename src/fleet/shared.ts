import { SECONDS_BETWEEN_NOTES } from '../cache/records/record.js'
import { BtkitError } from '../errors.js'
import type { RedisAddress } from '../redis/client.js'
import type { RedisClient } from '../redis/client.js'
import { RedisLink } from '../redis/link.js'
import { answerOrRemove } from '../redis/wrong-type.js'
import { withCache, type CachePlace } from '../core/cache/access.js'
import { COUNT_SCRIPTS, countOf, countUp, readCounts } from './machine-counts.js'
import { removeRevoked } from './origins.js'
import { EPOCHS_KEY, readRecord, RECORD_PATTERN, WRONG_KEY } from './sealed-record.js'

/** Bytes that hold all of a record except its digests. */
const HEADER = 32 + 1 + 64 + 8 + 1

/** More revocations than any machine ever had, if the number of them is lost. */
const MANY = 1_000_000

/** A machine's part of the shared records. */
export interface MachineReport {
  readonly name: string
  readonly records: number
  /** Records that another machine found wrong. */
  readonly wrong: number
  /** How often its records were revoked. */
  readonly revocations: number
}

/** Summary of the shared records. */
export interface SharedReport {
  readonly url: string
  readonly records: number
  readonly machines: readonly MachineReport[]
}

/**
 * Counts the shared records of each machine.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export function summarizeShared(address: RedisAddress): Promise<SharedReport> {
  return withRedis(address, async (ask) => {
    const numbers = new Map<string, number>()
    for await (const page of recordsIn(ask)) {
      for (const { record } of page)
        numbers.set(record.machine, (numbers.get(record.machine) ?? 0) + 1)
    }
    const wrong = await ask((client) => readCounts(client, WRONG_KEY))
    const epochs = await ask((client) => readCounts(client, EPOCHS_KEY))
    const names = [...numbers.keys(), ...Object.keys(wrong), ...Object.keys(epochs)]
    const machines = [...new Set(names)].sort().map((name) => ({
      name,
      records: numbers.get(name) ?? 0,
      wrong: countOf(wrong, name) ?? 0,
      revocations: countOf(epochs, name) ?? 0,
    }))
    const records = machines.reduce((sum, each) => sum + each.records, 0)
    return { url: address.label, records, machines }
  })
}

/**
 * Removes shared records that no machine has used since a time in milliseconds since 1970. Returns
 * their number. A dry run only counts them.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export function pruneShared(address: RedisAddress, since: number, dryRun = false): Promise<number> {
  return withRedis(address, (ask) => {
    // A use is noted once a week
    const isUnused = ({ sharedAt }: Header) => (sharedAt + SECONDS_BETWEEN_NOTES) * 1000 <= since
    return removeRecords(ask, isUnused, dryRun)
  })
}

/**
 * Revokes the records of a machine. Other machines remove those that they adopted when they next ask
 * Redis; this one does it now. Returns the number of records removed from Redis and here.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export function revokeMachine(
  machine: string,
  address: RedisAddress,
  place: CachePlace,
): Promise<{ readonly shared: number; readonly adopted: number }> {
  return withRedis(address, async (ask) => {
    // First, so that no machine adopts one meanwhile
    await ask((client) => countUp(client, { key: EPOCHS_KEY, machine, otherwise: MANY }))
    const shared = await removeRecords(ask, (record) => record.machine === machine)
    const adopted = await withCache(place, async ({ store }) => {
      const removed = removeRevoked(store, (origin) => origin.machine === machine)
      await store.flush()
      return removed
    })
    return { shared, adopted }
  })
}

type Ask = <T>(call: (client: RedisClient) => Promise<T>) => Promise<T>

/** Does work that needs Redis. */
async function withRedis<T>(address: RedisAddress, work: (ask: Ask) => Promise<T>): Promise<T> {
  let why = ''
  const warn = (message: string) => {
    why = message
  }
  const link = new RedisLink(address, { scripts: COUNT_SCRIPTS, warn })
  const ask: Ask = async (call) => {
    const answer = await link.ask(async (client) => ({ of: await call(client) }))
    if (answer) return answer.of
    throw new BtkitError('unreachable', why || `${address.label}: no answer`)
  }
  try {
    return await work(ask)
  } finally {
    link.close()
  }
}

type Header = Pick<NonNullable<ReturnType<typeof readRecord>>, 'machine' | 'sharedAt'>

async function removeRecords(
  ask: Ask,
  isRemoved: (record: Header) => boolean,
  dryRun = false,
): Promise<number> {
  let removed = 0
  for await (const page of recordsIn(ask)) {
    const keys = page.filter(({ record }) => isRemoved(record)).map(({ key }) => key)
    if (dryRun) {
      removed += keys.length
      continue
    }
    const counts = await ask((client) => Promise.all(keys.map((key) => client.del(key))))
    removed += counts.reduce((sum, count) => sum + count, 0)
  }
  return removed
}

interface KeyedRecord {
  readonly key: string
  readonly record: Header
}

/** Yields the keys of all records with their headers, which anybody may have written, by pages. */
async function* recordsIn(ask: Ask): AsyncGenerator<readonly KeyedRecord[]> {
  const servers = await ask(async (client) => {
    // A cluster names its nodes only when it is connected
    await client.exists(EPOCHS_KEY)
    return 'nodes' in client ? client.nodes('master') : [client]
  })
  for (const server of servers) {
    let cursor = '0'
    do {
      const scan = () => server.scan(cursor, 'MATCH', RECORD_PATTERN, 'COUNT', 1000)
      const [next, keys] = await ask(scan)
      cursor = next
      const headers = await ask((client) => {
        return Promise.all(
          keys.map((key) => answerOrRemove(client, key, client.getrangeBuffer(key, 0, HEADER))),
        )
      })
      yield keys.flatMap((key, i) => {
        const record = readRecord(headers[i] ?? Buffer.of())
        return record ? [{ key, record }] : []
      })
    } while (cursor !== '0')
  }
}
