import { LRUCache } from 'lru-cache'
import { openForWritingLater } from '../../files/open-for-writing.js'
import { CHECKSUMS } from '../../core/checksums/list.js'
import { recallDigest, rememberDigest } from '../../core/checksums/obtain.js'
import { isSettled, type ReadingStart } from '../../core/digests/cache-trust.js'
import type { Content } from '../../core/digests/content.js'
import {
  type HashContext,
  requireAllUnchanged,
  requireUnchanged,
} from '../../core/digests/hash-content.js'
import { createTable, setPieces } from '../../core/digests/piece-table.js'
import { recallPieces, rememberPieces } from '../../core/digests/recall-pieces.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import { FileColumns } from '../../files/columns.js'
import type { FileState, ScannedFile } from '../../files/scanned-file.js'
import {
  createWholeFileJob,
  runWholeFile,
  type WholeFileJob,
  wholeFileProgress,
} from '../../hash/jobs/whole-file-job.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import { type MemoryPool, unlimitedTurns } from '../admission/admission.js'
import type { ServiceOptions } from '../options.js'
import { singleContent } from '../../core/digests/content.js'
import { type ProgressStatus, titleOf, TorrentProgress } from '../progress/progress.js'
import { refuseYoung } from '../torrents/file-changes.js'
import type { FileReads } from '../torrents/file-reads.js'
import { type Flight, InFlight, type Waiter } from '../torrents/in-flight.js'
import { MirrorView } from '../tree/mirror.js'
import type { ServerContext } from '../../server/context.js'

interface DigestRules extends Pick<ServerContext, 'monotonic'> {
  readonly options: Pick<ServiceOptions, 'mirror' | 'pieceLength' | 'minAge'>
  readonly hashContext: HashContext
  readonly reads: FileReads
  readonly memory: MemoryPool
}

/** Milliseconds between records of a reading's progress. */
const INTERVAL = 200

/**
 * SHA-256 of whole files. The same reading also hashes the pieces of the file's torrent, which then
 * are in the cache. The reverse is not done: a torrent's pieces are hashed on all threads, and
 * SHA-256 of the whole file on one thread would take several times as long.
 */
export class FileDigests {
  /** The last digests, which may be of files that cannot be cached. */
  readonly #recent = new LRUCache<string, Uint8Array>({ max: MOST_FILES })
  /** Number of digests made here so far. */
  made = 0
  readonly #pool: WorkerPool
  readonly #pending: InFlight<Uint8Array>

  constructor(private readonly parts: DigestRules) {
    this.#pool = parts.hashContext.engine.pool ?? new WorkerPool()
    this.#pending = new InFlight(parts.memory)
  }

  /** The progress of the files being read. */
  underWay(): ProgressStatus[] {
    return this.#pending.underWay()
  }

  /** The digest of a file if it is known without reading. */
  known(file: FileState): Uint8Array | null {
    return this.#recall(file, 'peek')
  }

  #recall(file: FileState, how: 'get' | 'peek'): Uint8Array | null {
    const { cacheAccess } = this.parts.hashContext
    const known = recallDigest(file, 'sha256', { ...cacheAccess, how })
    return known ?? this.#recent.get(stateOf(file)) ?? null
  }

  /**
   * Obtains the digest of a file. However many ask at once, the file is read once.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async obtain(file: ScannedFile, requester: Waiter): Promise<Uint8Array> {
    const { options, hashContext } = this.parts
    refuseYoung(FileColumns.of([file]), { ...hashContext.cacheAccess, minAge: options.minAge })
    const known = this.#recall(file, 'get')
    return known ?? this.#pending.join(stateOf(file), requester, (own) => this.#make(file, own))
  }

  /** Reads a file in its turn, between two checks of it, and caches the results. */
  #make(file: ScannedFile, pending: Flight<Uint8Array>): Promise<Uint8Array> {
    const { options, monotonic, reads, hashContext } = this.parts
    const { client, signal } = pending
    const { size, device, inode } = file.fingerprint
    const content = singleContent(file, { version: 'v1', pieceLength: options.pieceLength })
    const progress = new TorrentProgress(titleOf(content), size, monotonic)
    pending.progress = progress
    // The progress of other work on the file says nothing about its digest
    const wanted = { client, signal, onProgress: () => undefined }
    const toRead = { files: [file], bytes: size }
    return reads.run(
      wanted,
      () => toRead,
      async (note) => {
        const wantsPieces = recallPieces(content, hashContext.cacheAccess).isKnown.includes(0)
        const job = createWholeFileJob({
          path: file.absolutePath,
          size,
          identity: BigUint64Array.of(device, inode),
          checksums: [CHECKSUMS.sha256],
          pieceLength: wantsPieces ? content.pieceLength : undefined,
        })
        const turns = unlimitedTurns()
        await requireAllUnchanged(FileColumns.of([file]), { turns }).catch(
          async (error: unknown) => {
            // A file that is gone is not found
            await new MirrorView(options.mirror).file(file.path)
            throw error
          },
        )
        const startedMs = hashContext.cacheAccess.now()
        const written = await openForWritingLater([file.absolutePath])
        await this.#run(job, signal, (bytesDone) => {
          note(bytesDone)
          progress.note(bytesDone, size)
        })
        const { fingerprint } = await new MirrorView(options.mirror).file(file.path)
        requireUnchanged(file, fingerprint)
        const { trust } = hashContext.cacheAccess
        await this.#remember({ file, content, job }, { startedMs, trust, written })
        return digestOf(job)
      },
    )
  }

  /** Reads on a thread, until nobody wants the digest any more. */
  async #run(
    job: WholeFileJob,
    signal: AbortSignal,
    note: (bytesDone: number) => void,
  ): Promise<void> {
    const report = () => {
      note(wholeFileProgress(job))
    }
    report()
    const timer = setInterval(report, INTERVAL).unref()
    const ending = AbortSignal.any([signal, this.parts.hashContext.engine.signal])
    try {
      await runWholeFile(job, this.#pool, ending)
    } finally {
      clearInterval(timer)
      report()
    }
  }

  async #remember({ file, content, job }: Reading, start: ReadingStart): Promise<void> {
    if (!isSettled(file, start)) return
    const { cacheAccess } = this.parts.hashContext
    const digest = digestOf(job)
    this.#recent.set(stateOf(file), digest)
    rememberDigest(file, 'sha256', { ...cacheAccess, digest })
    if (job.pieces.length > 0) {
      const table = createTable(content)
      setPieces(table, 0, job.pieces)
      rememberPieces(content, table, { ...cacheAccess, ...start })
    }
    // The lookup of the torrent then finds the pieces
    await cacheAccess.cache.flush()
    this.made++
  }
}

function digestOf({ digests: [sha256 = new Uint8Array(0)] }: WholeFileJob): Uint8Array {
  return Buffer.from(sha256)
}

/** A file that was read. */
interface Reading {
  readonly file: ScannedFile
  /** The content of its torrent. */
  readonly content: Content
  readonly job: WholeFileJob
}

/** Most files whose digests are remembered here if they cannot be cached. */
const MOST_FILES = 1000

/** Distinguishes a state of a file from all others. */
function stateOf({ absolutePath, fingerprint }: FileState): string {
  return `${Buffer.from(encodeFingerprint(fingerprint)).toString('base64')} ${absolutePath}`
}
