import type { RedisClient } from '../redis/client.js'
import { PREFIX, queueTimes, type QueueConnection } from './connect.js'
import { seal, unseal } from './job-seal.js'

/** A hash with the signs of life of all workers, by name: a MAC, and when it was given. */
const KEY = `${PREFIX}:workers`

/** About the most signs that are read. */
const MOST_READ = 1000

export interface AliveRequest {
  /** Keys of the MAC; the first is for signs. */
  readonly keys: readonly Uint8Array[]
  /** Name of the worker: its machine and its process. */
  readonly worker: string
}

/** Gives signs that this worker takes jobs. Returns the function that takes them back. */
export function reportAlive(
  client: RedisClient,
  { keys, worker }: AliveRequest,
): () => Promise<unknown> {
  const report = async () => {
    // Commands of a lost connection would wait for the next one
    if (client.status !== 'ready') return
    const at = String(await timeOf(client))
    const { mac } = seal({ kind: 'alive', job: worker }, at, keys)
    await client.hset(KEY, worker, `${mac} ${at}`)
    await client.pexpire(KEY, queueTimes.lock)
  }
  const tell = () => void report().catch(() => undefined)
  client.on('ready', tell)
  tell()
  const timer = setInterval(tell, queueTimes.stalled)
  return async () => {
    clearInterval(timer)
    client.off('ready', tell)
    if (client.status === 'ready') await client.hdel(KEY, worker)
  }
}

/**
 * Lists the names of workers that gave a sign of life a short time ago, by the clock of Redis. Only
 * signs with the MAC of one of the keys count; without keys, all do.
 */
export async function listWorkers(
  client: RedisClient,
  keys: readonly Uint8Array[] | null,
): Promise<string[]> {
  const [now, [, found]] = await Promise.all([
    timeOf(client),
    client.hscan(KEY, 0, 'COUNT', MOST_READ),
  ])
  const signs = found.flatMap((worker, i) => (i % 2 === 0 ? [[worker, found[i + 1] ?? '']] : []))
  const isAlive = ([job = '', sign = '']: readonly string[]) => {
    const [mac = '', text = ''] = sign.split(' ')
    const at = keys === null ? text : unseal({ kind: 'alive', job }, { mac, text }, keys)
    return at !== null && Math.abs(now - Number(at)) < queueTimes.lock
  }
  return signs.filter(isAlive).map(([worker = '']) => worker)
}

/** Counts workers that have one of the keys; 0 as soon as none is connected. */
export async function countWorkers(
  { queue, client }: QueueConnection,
  keys: readonly Uint8Array[],
): Promise<number> {
  const [connected, signed] = await Promise.all([
    queue.getWorkersCount(),
    listWorkers(client, keys),
  ])
  return Math.min(connected, signed.length)
}

/** Milliseconds since 1970 on the clock of Redis: those of machines may differ by hours. */
async function timeOf(client: RedisClient): Promise<number> {
  const [seconds, microseconds] = await client.time()
  return 1000 * Number(seconds) + Math.floor(Number(microseconds) / 1000)
}
