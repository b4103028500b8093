import { composingCore, type ContentInfo, type InfoRequest } from '../../core/digests/info.js'
import { hashContent, type Engine, type HashContext } from '../../core/digests/hash-content.js'
import type { PieceTable } from '../../core/digests/piece-table.js'
import { recallingPieces } from '../../core/digests/recall-pieces.js'
import { finish } from '../../core/digests/steps.js'
import { unknownFiles } from '../../core/digests/piece-table.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Throttle } from '../../hash/jobs/throttle.js'
import type { Turn } from '../admission/turn.js'
import type { WorkQueue } from '../admission/work-queue.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import type { Mirror } from '../tree/mirror.js'
import type { FileClaims } from './file-claims.js'
import { onMirror, recheckAsync, refuseOther } from './guarded-files.js'
import type { HashedBytes } from './hashed-bytes.js'
import { bytesLeft, UnfinishedTables } from './unfinished-tables.js'
import { refuseWriters } from './writers.js'

export interface FileHasherParts {
  readonly mirror: Mirror
  readonly hashContext: HashContext
  readonly queue: WorkQueue
  /** For files that are hashed before anybody asks for them. */
  readonly aheadQueue: WorkQueue
  /** The work that reads files at present. */
  readonly claims: FileClaims
  readonly hashed: HashedBytes
}

/** Settings of hashing that nobody waits for. */
export interface AheadOfNeed {
  /** Limits the read rate; undefined for no limit. */
  readonly throttle: Throttle | undefined
  /** Called when other work needs one of its files; the signal must abort then. */
  readonly giveWay: () => void
}

/** A torrent whose files must be read. */
export interface HashRequest {
  readonly request: InfoRequest
  /** The known digests of its pieces. */
  readonly table: PieceTable
  /** The client; see QueuedWork. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Receives how many of the bytes to hash are hashed. */
  readonly onProgress: (bytesDone: number, bytesWanted: number) => void
  /** Given if nobody waits for it. */
  readonly ahead?: AheadOfNeed
}

/** A request whose files are claimed, so that the number of bytes to hash is known. */
interface ClaimedRequest extends Omit<HashRequest, 'onProgress'> {
  readonly files: readonly ScannedFile[]
  readonly onProgress: (bytesDone: number) => void
  /** Bytes hashed so far. */
  readonly bytesDone: () => number
}

/** Hashes the files of torrents. Digests of abandoned work are kept for the next request. */
export class FileHasher {
  readonly #unfinished = new UnfinishedTables()

  constructor(private readonly parts: FileHasherParts) {}

  /**
   * Obtains the `info` of content, and reads what the cache does not know.
   * @throws BtkitError `changed`, NotReady, the signal's reason, and the errors of hashContent
   */
  async obtain(wanted: HashRequest): Promise<ContentInfo> {
    const { request, ahead, signal } = wanted
    const { content, input } = request
    const { claims, hashContext } = this.parts
    const { runSteps = finish, cacheAccess } = hashContext
    let table = this.#unfinished.orBetter(input, wanted.table)
    for (;;) {
      const files = unknownFiles(content, table)
      const bytes = bytesLeft(content, table)
      const onProgress = (bytesDone: number) => {
        wanted.onProgress(bytesDone, bytes)
      }
      const isAhead = ahead !== undefined
      const others = claims.inTheWay({ files, bytes, isAhead, signal, onProgress })
      if (others === null) return this.#begin({ ...wanted, table }, files)
      await others
      const recalled = await runSteps(recallingPieces(content, cacheAccess))
      // The work that yielded may have been for this torrent
      table = this.#unfinished.orBetter(input, recalled)
    }
  }

  /** Claims the files to read until the cache has their digests. */
  #begin(wanted: HashRequest, files: readonly ScannedFile[]): Promise<ContentInfo> {
    const { hashContext, claims, queue, aheadQueue } = this.parts
    const { request, table, ahead } = wanted
    const bytes = bytesLeft(request.content, table)
    let bytesDone: number | null = null
    const onProgress = (done: number) => {
      // The count may include padding
      bytesDone = Math.min(done, bytes)
      wanted.onProgress(done, bytes)
    }
    const claimed = { ...wanted, files, onProgress, bytesDone: () => bytesDone ?? 0 }
    const remaining = () => bytes - (bytesDone ?? 0)
    const work = (ahead ? aheadQueue : queue).run({ ...wanted, remaining }, (turn) => {
      return this.#hash(claimed, turn)
    })
    const done = work.then(() => hashContext.cacheAccess.cache.flush()).catch(() => undefined)
    const isAtWork = () => bytesDone !== null
    claims.take(files, { remaining, isAtWork, done, giveWay: ahead?.giveWay ?? null })
    return work
  }

  async #hash(wanted: ClaimedRequest, turn: Turn): Promise<ContentInfo> {
    const { hashContext, mirror, hashed } = this.parts
    const { files, signal, request, table, ahead } = wanted
    const { content, input, options } = request
    await mapConcurrently(files, async (file) => {
      signal.throwIfAborted()
      await refuseOther(onMirror(file, content), mirror)
    })
    wanted.onProgress(0)
    const guards = { recheck: recheckAsync, watchWriters: refuseWriters, isGuarded: true }
    const guarded = { ...hashContext, engine: this.#engineFor(wanted, turn), ...guards }
    const before = bytesLeft(content, table)
    const end = hashed.begin(wanted.bytesDone, ahead !== undefined)
    let bytesRead: number | null = null
    try {
      const { bytesHashed, isSettled, ...digests } = await hashContent(content, guarded, table)
      // The other bytes were adopted from other machines
      bytesRead = bytesHashed
      this.#unfinished.forget(input)
      // The `info` is not cached: it is quickly composed from digests, and strangers choose many
      // sets
      const { runSteps = finish } = hashContext
      const core = await runSteps(composingCore(content, options, digests))
      return { ...core, bytesHashed, isSettled }
    } finally {
      const left = bytesLeft(content, table)
      end(bytesRead ?? before - left)
      if (left > 0 && left < before) this.#unfinished.keep(input, table)
    }
  }

  /** An engine that pauses when the turn is over and continues with the next turn. */
  #engineFor({ onProgress, ahead }: ClaimedRequest, turn: Turn): Engine {
    const { engine } = this.parts.hashContext
    // Leaves other running jobs their share of threads
    const threads = () => Math.max(1, Math.floor(engine.threads / turn.running))
    return {
      ...engine,
      throttle: ahead?.throttle,
      threads: threads(),
      onProgress: ({ bytesDone }) => {
        onProgress(bytesDone)
      },
      pauses: {
        onPause: (act) => {
          turn.onOver(act)
        },
        goOn: async () => {
          await turn.next()
          return threads()
        },
      },
    }
  }
}
