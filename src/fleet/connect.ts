import type * as bullmqTypes from 'bullmq'
import type { ConnectionOptions, Queue, QueueOptions } from 'bullmq'
import { callWithin } from '../base/bounded-call.js'
import { BtkitError } from '../base/errors.js'
import {
  createClient,
  describeRedisFailure,
  type RedisAddress,
  type RedisClient,
} from './redis/client.js'

/**
 * The queue's name, and the beginning of its keys: a hash tag, so that a cluster has them together.
 */
const NAME = 'hash'
const PREFIX = '{btkit}'

/** Most events that Redis keeps. The largest has the digests of 4096 pieces. */
const MOST_EVENTS = 1000

/** Durations in milliseconds. Tests shorten them. */
export const queueTimes = {
  /** How long a connection or an answer may take. */
  answer: 5000,
  /** How long the asker waits for the connection before it begins to hash itself. */
  patience: 0,
  /** How often workers are counted while jobs are unfinished. */
  look: 2000,
  /** How long there may be no worker before the asker hashes itself. */
  alone: 10_000,
  /**
   * How long no worker may begin or end a job before the asker hashes itself, beside the time in
   * which a slow disk reads the largest of its jobs.
   */
  silence: 60_000,
  /** How long the queue is not asked after it failed. */
  rest: 30_000,
  /** How long a worker that no longer reports keeps its job; how often that is checked. */
  lock: 15_000,
  stalled: 5000,
  /** The wait before a failed job is tried again; doubled each time. */
  backoff: 1000,
}

/** A connection to the queue. */
export interface QueueConnection {
  readonly bullmq: typeof bullmqTypes
  readonly name: string
  /** Options of BullMQ's classes. */
  readonly options: Pick<QueueOptions, 'connection' | 'prefix' | 'skipVersionCheck'>
  readonly queue: Queue
  readonly client: RedisClient
  /** Ends the connection, those that BullMQ opened beside it, and all calls that wait for them. */
  readonly close: () => Promise<void>
}

/**
 * Loads BullMQ, and opens a connection that lasts. It need not be up yet.
 * `onError` receives failures while connected; Redis is connected to again.
 */
export async function openQueue(
  address: RedisAddress,
  onError: (why: string) => void,
): Promise<QueueConnection> {
  const bullmq = await import('bullmq')
  const client = await createClient(address, queueTimes.answer, true)
  const clients = withDuplicates(client)
  const tell = (error: unknown) => {
    onError(describeRedisFailure(error, address, queueTimes.answer))
  }
  client.on('error', tell)
  const options = {
    connection: client as unknown as ConnectionOptions,
    prefix: PREFIX,
    // It would print warnings
    skipVersionCheck: true,
  }
  const queue = new bullmq.Queue(NAME, {
    ...options,
    streams: { events: { maxLen: MOST_EVENTS } },
  })
  queue.on('error', () => undefined)
  const close = async () => {
    const closing = queue.close().catch(() => undefined)
    for (const each of clients) each.disconnect()
    await callWithin({ timeoutMs: queueTimes.answer }, () => closing).catch(() => undefined)
  }
  return { bullmq, name: NAME, options, queue, client, close }
}

/** Lists the names of the workers that are connected, as MACHINE/PROCESS. */
export async function listWorkers(queue: Queue): Promise<string[]> {
  const names = (await queue.getWorkers()).map((client) => {
    // Some services hide the names of clients
    return client['rawname']?.split(':w:')[1] ?? 'unknown'
  })
  return [...new Set(names)]
}

/**
 * Returns a set of the client and all duplicates that are made of it from now on. BullMQ makes
 * them, and does not end one that never connected: it would try for as long as Redis is gone.
 */
function withDuplicates(client: RedisClient): ReadonlySet<RedisClient> {
  const clients = new Set([client])
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient
  const duplicateAndNote = (...args: unknown[]) => {
    const made = duplicate(...args)
    clients.add(made)
    return made
  }
  Object.assign(client, { duplicate: duplicateAndNote })
  return clients
}

/**
 * Opens a connection for one call, and closes it.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export async function withQueue<T>(
  address: RedisAddress,
  call: (connection: QueueConnection) => Promise<T>,
): Promise<T> {
  const causes: string[] = []
  const onError = (why: string) => {
    causes.push(why)
  }
  const connection = await openQueue(address, onError)
  try {
    return await callWithin({ timeoutMs: queueTimes.answer }, () => call(connection))
  } catch (error) {
    const why = causes[0] ?? describeRedisFailure(error, address, queueTimes.answer)
    throw new BtkitError('unreachable', `${address.label}: ${why}`)
  } finally {
    await connection.close()
  }
}
