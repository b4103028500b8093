import { whoWrites } from '../../disk/look/writers.js'
import { CHECKSUM_NAMES, CHECKSUMS, type ChecksumName } from '../../core/checksums/list.js'
import { recallDigest, rememberDigest } from '../../core/checksums/obtain.js'
import { isSettled, type ReadingStart } from '../../disk/cache/trust.js'
import type { Content } from '../../core/digests/content.js'
import { type HashContext, requireUnchanged } from '../../core/digests/hash-content.js'
import { createTable, setPieces } from '../../core/digests/piece-table.js'
import { recallPieces } from '../../core/digests/recall-pieces.js'
import { Remembering } from '../../core/digests/remember-pieces.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import type { FileState, ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { runOnThreads } from '../../disk/hash/hash-stream.js'
import { type HashJob, readProgress } from '../../disk/hash/jobs/job.js'
import { createWholeFileJob } from '../../disk/hash/jobs/whole-file-job.js'
import { WorkerPool } from '../../disk/hash/jobs/worker-pool.js'
import { doAtOnce } from '../../base/steps.js'
import type { MemoryPool } from '../../server/admission/memory.js'
import { QueuedJob, type Queue } from '../../server/admission/queue.js'
import type { ServiceOptions } from '../options.js'
import { singleContent } from '../../core/digests/content.js'
import { progressOf, type ProgressStatus, titleOf } from './progress.js'
import { readStated } from './stated-checksums.js'
import { refuseYoung, stateOf } from './file-changes.js'
import { type Flight, Flights, type Waiter } from './flights.js'
import type { KnownThings, ReadDigest } from './known-results.js'
import { MirrorView } from '../tree/mirror.js'

/**
 * SHA-256 of whole files, and the checksums that lists beside them state. The same reading also
 * hashes the pieces of the file's torrent, which then are in the cache. The reverse is not done: a
 * torrent's pieces are hashed on all threads, and SHA-256 of the whole file on one thread would
 * take several times as long.
 */
export class FileDigests {
  /** Number of digests made here so far. */
  made = 0
  readonly #pool: WorkerPool
  readonly #flights: Flights<Uint8Array>

  constructor(
    private readonly options: Pick<ServiceOptions, 'mirror' | 'pieceLength' | 'minAge'>,
    private readonly hashContext: HashContext,
    private readonly hashing: Queue,
    private readonly remembered: KnownThings,
    memory: MemoryPool,
  ) {
    this.#pool = hashContext.engine.pool ?? new WorkerPool()
    this.#flights = new Flights(memory)
  }

  /** The progress of the files being read. */
  underWay(): ProgressStatus[] {
    return this.#flights.underWay()
  }

  /** A digest of a file if it is known without reading. */
  known(
    file: FileState,
    name: ChecksumName = 'sha256',
    how: 'get' | 'peek' = 'peek',
  ): ReadDigest | null {
    const { cacheAccess } = this.hashContext
    const cached = recallDigest(file, name, { ...cacheAccess, how })
    if (cached) return cached
    // The file could not be cached
    const known = this.remembered.get(digestKey(file, name))
    return known && 'digest' in known ? known : null
  }

  /**
   * Obtains the digest of a file. However many ask at once, the file is read once.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async obtain(file: ScannedFile, requester: Waiter): Promise<Uint8Array> {
    const { options, hashContext } = this
    const { trust, now } = hashContext.cacheAccess
    refuseYoung(FileColumns.of([file]), options.minAge, trust, now)
    const known = this.known(file, 'sha256', 'get')
    return (
      known?.digest ?? this.#flights.join(stateOf(file), requester, (own) => this.#make(file, own))
    )
  }

  /** Reads a file in its turn, between two checks of it, and caches the results. */
  async #make(file: ScannedFile, own: Flight<Uint8Array>): Promise<Uint8Array> {
    const { options, hashing, hashContext } = this
    const { signal } = own
    const { cacheAccess } = hashContext
    const { size } = file.fingerprint
    const content = singleContent({ file, version: 'v1', pieceLength: options.pieceLength })
    const job = new QueuedJob({ size, files: new Set([file.absolutePath]), ...own.first, signal })
    const title = titleOf(content)
    // The progress of other work on the file says nothing about its digest
    own.progress = () => progressOf(title, size, size, job.done === null ? null : job)
    await hashing.enter(job)
    try {
      await this.#requireUnchanged(file)
      const wantsPieces = recallPieces(content, cacheAccess).isKnown.includes(0)
      const names = await this.#wanted(file)
      const whole = wholeFileOf(file, names, wantsPieces ? content.pieceLength : undefined)
      const startedMs = cacheAccess.now()
      const isWritten = (await whoWrites([file.absolutePath])).length > 0
      await this.#read(whole, job)
      await this.#requireUnchanged(file)
      const start = { startedMs, trust: cacheAccess.trust }
      if (isSettled(file, start, isWritten))
        await this.#remember(file, content, names, whole, start)
      return digestOf(whole)
    } finally {
      hashing.end(job)
    }
  }

  /**
   * SHA-256, and the checksums that lists beside the file have, so that its page can compare them.
   */
  async #wanted({ path }: ScannedFile): Promise<ChecksumName[]> {
    const stated = await readStated(path, CHECKSUM_NAMES, this.options.mirror)
    return [...new Set<ChecksumName>(['sha256', ...stated.map(({ checksum }) => checksum)])]
  }

  /** Throws if the file is in another state, or gone. */
  async #requireUnchanged(file: ScannedFile): Promise<void> {
    const { fingerprint } = await new MirrorView(this.options.mirror).file(file.path)
    requireUnchanged(file, fingerprint)
  }

  /** Reads on a thread, until nobody wants the digest any more. */
  async #read(whole: HashJob, job: QueuedJob): Promise<void> {
    const { hashing, hashContext } = this
    const onProgress = () => {
      hashing.note(job, readProgress(whole).bytesDone)
    }
    onProgress()
    const signal = AbortSignal.any([job.of.signal ?? [], hashContext.engine.signal].flat())
    try {
      await runOnThreads(whole, { pool: this.#pool, signal, onProgress })
    } finally {
      onProgress()
    }
  }

  async #remember(
    file: ScannedFile,
    content: Content,
    names: readonly ChecksumName[],
    whole: HashJob,
    start: ReadingStart,
  ): Promise<void> {
    const { cacheAccess } = this.hashContext
    for (const [i, name] of names.entries()) {
      const read = { digest: digestOf(whole, i), readAt: start.startedMs }
      this.remembered.set(digestKey(file, name), read)
      rememberDigest(file, name, cacheAccess.cache, read)
    }
    if (whole.wanted === 'pieces') {
      const table = createTable(content)
      setPieces(table, 0, whole.digests.pieces)
      doAtOnce(new Remembering(content, table, null, { ...cacheAccess, ...start }).rest())
    }
    await cacheAccess.cache.flush()
    this.made++
  }
}

function digestKey(file: FileState, name: ChecksumName): string {
  return `${name} ${stateOf(file)}`
}

function wholeFileOf(
  { absolutePath, fingerprint }: ScannedFile,
  names: readonly ChecksumName[],
  pieceLength: number | undefined,
) {
  const { size, device, inode } = fingerprint
  const identity = BigUint64Array.of(device, inode)
  const checksums = names.map((name) => CHECKSUMS[name])
  return createWholeFileJob({ path: absolutePath, size, identity, checksums, pieceLength })
}

function digestOf({ checksums }: HashJob, i = 0): Uint8Array {
  return Buffer.from(checksums[i]?.digest ?? [])
}
