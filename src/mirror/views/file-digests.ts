import { CHECKSUMS } from '../../core/checksums/list.js'
import type { Content } from '../../core/digests/content.js'
import { requireUnchanged, type HashContext } from '../../core/digests/hash-content.js'
import { createTable, setPieces } from '../../core/digests/piece-table.js'
import { recallPieces, rememberPieces } from '../../core/digests/recall-pieces.js'
import { isSettled, type ReadingStart } from '../../core/digests/settled.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import {
  createWholeFileJob,
  runWholeFile,
  wholeFileProgress,
  type WholeFileJob,
} from '../../hash/jobs/whole-file-job.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { MemoryPool } from '../admission/memory-pool.js'
import type { JobQueue } from '../admission/job-queue.js'
import { MirrorView, type Mirror } from '../tree/mirror.js'
import { type ProgressStatus, titleOf, TorrentProgress } from '../progress/progress.js'
import { type PieceLength, singleContent } from '../pkgtorrent/set.js'
import type { FileClaims } from '../torrents/file-claims.js'
import { refuseOther } from '../torrents/guarded-files.js'
import type { HashedBytes } from '../torrents/hashed-bytes.js'
import { InFlight, type Flight, type Waiter } from '../torrents/in-flight.js'
import { refuseYoung } from '../torrents/recent-writes.js'
import { KnownDigests, stateOf, type LookedAt } from './known-digests.js'
import type { ServerContext } from '../../server/context.js'

export interface FileDigestsParts extends Pick<ServerContext, 'monotonic'> {
  readonly mirror: Mirror
  /** Piece length of the torrents whose pieces are hashed in the same reading. */
  readonly pieceLength: PieceLength
  readonly hashContext: HashContext
  readonly hashing: JobQueue
  readonly memory: MemoryPool
  /** The work that reads files at present. */
  readonly claims: FileClaims
  readonly hashed: HashedBytes
  /** Seconds since the last change of a file before it gets a digest. */
  readonly minAge: number
}

/** Milliseconds between records of a reading's progress. */
const INTERVAL = 200

/**
 * SHA-256 of whole files. The same reading also hashes the pieces of the file's torrent, which then
 * are in the cache. The reverse is not done: a torrent's pieces are hashed on all threads, and
 * SHA-256 of the whole file on one thread would take several times as long.
 */
export class FileDigests {
  readonly #known: KnownDigests
  readonly #pool: WorkerPool
  readonly #pending: InFlight<Uint8Array>

  constructor(private readonly parts: FileDigestsParts) {
    const { engine, cacheAccess } = parts.hashContext
    this.#known = new KnownDigests(cacheAccess)
    this.#pool = engine.pool ?? new WorkerPool()
    this.#pending = new InFlight(parts.memory)
  }

  /** The progress of the files being read. */
  underWay(): ProgressStatus[] {
    return this.#pending.underWay()
  }

  /** The digest of a file if it is known without reading. */
  known(file: LookedAt): Uint8Array | null {
    return this.#known.find(file)
  }

  /**
   * Obtains the digest of a file. However many ask at once, the file is read once.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async obtain(file: ScannedFile, requester: Waiter): Promise<Uint8Array> {
    const { minAge, hashContext } = this.parts
    refuseYoung([file], { ...hashContext.cacheAccess, minAge })
    const known = this.#known.find(file)
    if (known) {
      this.#known.noteUse(file)
      return known
    }
    return this.#pending.join(stateOf(file), requester, (own) => this.#make(file, own))
  }

  /** Reads a file when no other work does. */
  async #make(file: ScannedFile, pending: Flight<Uint8Array>): Promise<Uint8Array> {
    const { claims, monotonic, pieceLength } = this.parts
    const { signal } = pending
    const content = singleContent(file, { version: 'v1', pieceLength })
    const progress = new TorrentProgress(titleOf(content), content.size, monotonic)
    pending.progress = progress
    const claimant = { files: [file], bytes: content.size, isAhead: false, signal }
    for (;;) {
      const others = claims.inTheWay(claimant)
      if (others === null) return this.#claim({ file, content, signal, progress }, pending.client)
      await others
    }
  }

  /** Claims a file until it is read and the results are in the cache. */
  async #claim(wanted: WantedDigest, client: string | null): Promise<Uint8Array> {
    const { hashing, hashContext, claims } = this.parts
    const { file, content, signal } = wanted
    const { size, device, inode } = file.fingerprint
    const wantsPieces = recallPieces(content, hashContext.cacheAccess).isKnown.includes(0)
    const job = createWholeFileJob({
      path: file.absolutePath,
      size,
      identity: BigUint64Array.of(device, inode),
      checksums: [CHECKSUMS.sha256],
      pieceLength: wantsPieces ? content.pieceLength : undefined,
    })
    let isAtWork = false
    const remaining = () => size - wholeFileProgress(job)
    const work = hashing.run({ size, client, signal }, () => {
      isAtWork = true
      return this.#read({ ...wanted, job })
    })
    const done = work.then(
      () => undefined,
      () => undefined,
    )
    claims.take([file], { remaining, isAtWork: () => isAtWork, done, giveWay: null })
    return work
  }

  /** Reads a file between two checks of it, and caches the results. */
  async #read(reading: Reading): Promise<Uint8Array> {
    const { file, job } = reading
    const { mirror, hashContext } = this.parts
    await refuseOther(file, mirror)
    const startedMs = hashContext.cacheAccess.now()
    await this.#run(reading)
    requireUnchanged(file, (await new MirrorView(mirror).file(file.path)).fingerprint)
    const { trust } = hashContext.cacheAccess
    await this.#remember(reading, { startedMs, trust })
    return digestOf(job)
  }

  /** Reads on a thread, until nobody wants the digest any more. */
  async #run({ job, signal, progress }: Reading): Promise<void> {
    const bytesDone = () => wholeFileProgress(job)
    const note = () => {
      progress.note(bytesDone(), job.size)
    }
    note()
    const timer = setInterval(note, INTERVAL).unref()
    const end = this.parts.hashed.begin(bytesDone, false)
    const ending = AbortSignal.any([signal, this.parts.hashContext.engine.signal])
    try {
      await runWholeFile(job, this.#pool, ending)
    } finally {
      clearInterval(timer)
      end(bytesDone())
    }
  }

  async #remember({ file, content, job }: Reading, start: ReadingStart): Promise<void> {
    if (!isSettled(file, start)) return
    const { cacheAccess } = this.parts.hashContext
    this.#known.remember(file, digestOf(job))
    if (job.pieces.length > 0) {
      const table = createTable(content)
      setPieces(table, 0, job.pieces)
      rememberPieces(content, table, { ...cacheAccess, ...start })
    }
    // The lookup of the torrent then finds the pieces
    await cacheAccess.cache.flush()
  }
}

function digestOf({ digests: [sha256 = new Uint8Array(0)] }: WholeFileJob): Uint8Array {
  return Buffer.from(sha256)
}

/** A file whose digest is wanted. */
interface WantedDigest {
  readonly file: ScannedFile
  /** The content of its torrent. */
  readonly content: Content
  readonly signal: AbortSignal
  readonly progress: TorrentProgress
}

interface Reading extends WantedDigest {
  readonly job: WholeFileJob
}
