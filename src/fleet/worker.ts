import { once } from 'node:events'
import { whoWrites } from '../disk/look/writers.js'
import type { Job } from 'bullmq'
import { callWithin } from '../base/bounded-call.js'
import type { RedisAddress } from './redis/client.js'
import { openQueue, queueTimes, type QueueConnection } from './connect.js'
import {
  bytesOfPart,
  openJob,
  resultSubject,
  splitDigests,
  type Part,
  type PartDigests,
} from './job.js'
import { seal } from './seal.js'
import { digestOf } from '../base/bytes.js'
import { encodeFingerprint, readFingerprintIfThere } from '../disk/file-lists/fingerprint.js'
import { FileColumns } from '../disk/file-lists/columns.js'
import { padFile, type ScannedFile } from '../disk/file-lists/scanned-file.js'
import type { CacheAccess } from '../core/digests/cache-access.js'
import { trustedPart, type CacheTrust, isSettled } from '../disk/cache/trust.js'
import { requireUnchanged, streamOf, type Engine } from '../core/digests/hash-content.js'
import { hashInGroups, nodesOf } from '../core/digests/hash-groups.js'
import { formatBytes } from '../base/text/quantity.js'
import { locateFile, type ShareRules } from './shares.js'

/** A worker, and what it needs. */
export interface WorkRequest extends PartContext {
  readonly address: RedisAddress
  /** Keys of the MAC; the first is for results. */
  readonly keys: readonly Uint8Array[]
  /** This machine's name. */
  readonly machine: string
  readonly warn: (message: string) => void
  /** Receives a line for each job that is done. */
  readonly onDone: (line: string) => void
  /** Called when Redis has answered, and jobs may come. */
  readonly onConnected: () => void
  readonly signal: AbortSignal
}

/** Takes jobs from the queue until the signal aborts. Unfinished jobs are given back then. */
export async function work(request: WorkRequest): Promise<void> {
  const { address, machine, signal } = request
  // All ranges of a file may fail for the same reason
  let last = ''
  const warn = (message: string) => {
    if (message !== last) request.warn(message)
    last = message
  }
  const onError = (why: string) => {
    warn(`${address.label}: ${why}; waiting for it`)
  }
  const connection = await openQueue(address, onError)
  const { bullmq, name, options, client } = connection
  client.on('ready', () => {
    last = ''
  })
  const processJob = async (job: Job, token?: string) => {
    try {
      return await hashJob(job, connection, { ...request, warn })
    } catch (error) {
      if (error instanceof bullmq.UnrecoverableError) throw error
      if (signal.aborted) {
        await job.moveToWait(token)
        throw new bullmq.WaitingError()
      }
      const why = error instanceof Error ? error.message : String(error)
      warn(why)
      throw new Error(`${why} (worker ${machine})`, { cause: error })
    }
  }
  const taking = new bullmq.Worker(name, processJob, {
    ...options,
    // Machines may have several workers
    name: `${machine}/${process.pid}`,
    concurrency: 2,
    lockDuration: queueTimes.lock,
    stalledInterval: queueTimes.stalled,
    // A job may be taken again as often as machines die
    maxStalledCount: 10,
    runRetryDelay: queueTimes.backoff,
  })
  taking.on('error', () => undefined)
  taking.waitUntilReady().then(request.onConnected, () => undefined)
  if (!signal.aborted) await once(signal, 'abort')
  // Without Redis no job can be given back
  const isGone = client.status !== 'ready'
  const closing = taking.close(isGone).catch(() => undefined)
  await callWithin({ timeoutMs: queueTimes.answer }, () => closing).catch(() => undefined)
  await connection.close()
}

/** Hashes the part of a job, and seals its digests. */
async function hashJob(
  job: Job,
  { bullmq }: QueueConnection,
  request: WorkRequest,
): Promise<string> {
  const { keys, machine, warn, onDone } = request
  const part = openJob(job.data, keys)
  if (part === null) {
    warn('refused a job that is not signed with the key')
    throw new bullmq.UnrecoverableError(`not signed with the key of worker ${machine}`)
  }
  const { pieces, nodes } = await hashPart(part, request)
  const result = Buffer.concat([pieces, nodes])
  onDone(`hashed ${formatBytes(bytesOfPart(part))} of ${firstFileOf(part)}`)
  return seal(resultSubject(String(job.data)), result, keys).toString('base64')
}

/** The first file of a part, as all machines know it. */
function firstFileOf({ files }: Part): string {
  const first = files.find((file) => typeof file !== 'number')
  return first === undefined ? 'padding' : `${first.share}/${first.path}`
}

/** The means of hashing parts of jobs. */
interface PartContext {
  readonly engine: Engine
  /** Keeps the digests of parts. */
  readonly cacheAccess: CacheAccess
  readonly rules: ShareRules
}

/**
 * Computes the digests of a part's pieces, or finds them in the cache.
 * @throws BtkitError as locateFile and hashStream, and `changed` if a file changed meanwhile
 */
async function hashPart(part: Part, context: PartContext): Promise<PartDigests> {
  const { cacheAccess, rules } = context
  const files = part.files.map((file) => locateFile(file, rules))
  const input = inputOf(part, files, cacheAccess.trust)
  const kept = cacheAccess.cache.get('layers', input)
  const known = kept && splitDigests(kept, part.wanted, part.count)
  if (known) return known
  const own = files.filter(({ absolutePath }) => absolutePath !== '')
  const startedMs = cacheAccess.now()
  const written = await whoWrites(own.map(({ absolutePath }) => absolutePath))
  const digests = await read(part, files, context.engine)
  for (const file of own) requireUnchanged(file, readFingerprintIfThere(file.absolutePath))
  const start = { startedMs, trust: cacheAccess.trust }
  if (own.every((file, i) => isSettled(file, start, written.includes(i))))
    cacheAccess.cache.put('layers', input, Buffer.concat([digests.pieces, digests.nodes]))
  return digests
}

/** SHA-256 of everything that the digests depend on. */
function inputOf(part: Part, files: readonly ScannedFile[], trust: CacheTrust): Uint8Array {
  const { wanted, pieceLength, lead, first, count } = part
  const facts = files.flatMap(({ absolutePath, fingerprint }) => [
    Buffer.from(`${absolutePath}\0`),
    trustedPart(encodeFingerprint(fingerprint), trust),
  ])
  const range = Buffer.from(['queue', wanted, pieceLength, lead, first, count].join('\0'))
  return digestOf('sha256', Buffer.concat([range, ...facts]))
}

async function read(
  part: Part,
  files: readonly ScannedFile[],
  engine: Engine,
): Promise<PartDigests> {
  const { wanted, lead, pieceLength, first, count } = part
  const columns = FileColumns.of([padFile([], lead), ...files])
  // Another file that takes the place of one is not read
  const stream = streamOf({ files: columns, pieceLength }, { isGuarded: true })
  const pieces = Uint32Array.from({ length: count }, (_, i) => first + i)
  const digests: PartDigests[] = []
  for await (const group of hashInGroups({ stream, pieces, wanted }, engine)) {
    const nodes = wanted === 'pieces' ? NONE : nodesOf(group, stream)
    digests.push({ pieces: group.pieces, nodes })
  }
  return {
    pieces: Buffer.concat(digests.map((each) => each.pieces)),
    nodes: Buffer.concat(digests.map((each) => each.nodes)),
  }
}

const NONE = new Uint8Array(0)
