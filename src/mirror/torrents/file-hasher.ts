import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/digests/content.js'
import { hashContent, type Engine, type HashContext } from '../../core/digests/hash-content.js'
import { composeCore, type ContentInfo, type InfoRequest } from '../../core/digests/info.js'
import {
  countUnknown,
  countUnknownPieces,
  unknownFiles,
  type PieceTable,
} from '../../core/digests/piece-table.js'
import { recallPieces } from '../../core/digests/recall-pieces.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Throttle } from '../../hash/jobs/throttle.js'
import type { JobQueue } from '../admission/job-queue.js'
import { mapConcurrently, type Mirror } from '../tree/mirror.js'
import type { FileClaims } from './file-claims.js'
import { onMirror, recheckAsync, refuseOther } from './guarded-files.js'
import type { HashedBytes } from './hashed-bytes.js'

export interface FileHasherParts {
  readonly mirror: Mirror
  readonly hashContext: HashContext
  readonly queue: JobQueue
  /** The work that reads files at present. */
  readonly claims: FileClaims
  readonly hashed: HashedBytes
}

/** Settings of hashing that nobody waits for. */
export interface AheadOfNeed {
  /** Limits the read rate; undefined for no limit. */
  readonly throttle: Throttle | undefined
  /** Called when other work begins; the signal must abort then. */
  readonly giveWay: () => void
}

/** The files of a torrent that must be read, and their bytes. */
export interface ToRead {
  readonly files: readonly ScannedFile[]
  readonly bytes: number
}

/** Lists the files to read for a torrent whose known digests are in that table. */
export function toRead(content: Content, table: PieceTable): ToRead {
  return { files: unknownFiles(content, table), bytes: bytesLeft(content, table) }
}

/** A torrent whose files must be read. */
export interface HashRequest extends ToRead {
  readonly request: InfoRequest
  /** The client; see Job. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Receives how many of the bytes to hash are hashed. */
  readonly onProgress: (bytesDone: number, bytesWanted: number) => void
  /** Given if nobody waits for it. */
  readonly ahead?: AheadOfNeed
}

/** Bytes of memory for digests of abandoned torrents. */
const UNFINISHED = 16 * 2 ** 20

/** Hashes the files of torrents. Digests of abandoned work are kept for the next request. */
export class FileHasher {
  readonly #unfinished = new LRUCache<string, PieceTable>({
    maxSize: UNFINISHED,
    sizeCalculation: sizeOfTable,
  })

  constructor(private readonly parts: FileHasherParts) {}

  /**
   * Obtains the `info` of content, and reads what the cache does not know.
   * @throws BtkitError `changed`, NotReady, the signal's reason, and the errors of hashContent
   */
  async obtain(wanted: HashRequest): Promise<ContentInfo> {
    const { request, ahead, signal } = wanted
    const { claims } = this.parts
    let { files, bytes } = wanted
    for (;;) {
      const most = bytes
      const onProgress = (bytesDone: number) => {
        wanted.onProgress(bytesDone, most)
      }
      const isAhead = ahead !== undefined
      const others = claims.inTheWay({ files, bytes, isAhead, signal, onProgress })
      if (others === null) return this.#begin({ ...wanted, files, bytes })
      await others
      // The other work may have been for this torrent
      ;({ files, bytes } = toRead(request.content, this.#recall(request)))
    }
  }

  /** The known digests of a torrent, also those of abandoned work. */
  #recall({ content, input }: InfoRequest): PieceTable {
    const recalled = recallPieces(content, this.parts.hashContext.cacheAccess)
    const kept = this.#unfinished.get(keyOf(input))
    const isBetter = kept && countUnknownPieces(kept) < countUnknownPieces(recalled)
    return isBetter ? kept : recalled
  }

  /** Claims the files to read until the cache has their digests. */
  #begin(wanted: HashRequest): Promise<ContentInfo> {
    const { hashContext, claims, queue } = this.parts
    const { files, bytes, client, signal, ahead } = wanted
    let bytesDone: number | null = null
    const onProgress = (done: number) => {
      // The count may include padding
      bytesDone = Math.min(done, bytes)
      wanted.onProgress(done, bytes)
    }
    const hash = () => this.#hash({ ...wanted, onProgress }, () => bytesDone ?? 0)
    const work = ahead
      ? queue.runAhead({ signal, giveWay: ahead.giveWay }, hash)
      : queue.run({ size: bytes, client, signal }, hash)
    const done = work.then(() => hashContext.cacheAccess.cache.flush()).catch(() => undefined)
    const remaining = () => bytes - (bytesDone ?? 0)
    const isAtWork = () => bytesDone !== null
    claims.take(files, { remaining, isAtWork, done, giveWay: ahead?.giveWay ?? null })
    return work
  }

  async #hash(wanted: HashRequest, bytesDone: () => number): Promise<ContentInfo> {
    const { hashContext, mirror, hashed } = this.parts
    const { signal, request, ahead } = wanted
    const { content, input, options } = request
    // The table of a large torrent is made only now: many torrents may wait
    const table = this.#recall(request)
    await mapConcurrently(unknownFiles(content, table), async (file) => {
      signal.throwIfAborted()
      await refuseOther(onMirror(file, content), mirror)
    })
    wanted.onProgress(0, wanted.bytes)
    const guards = { recheck: recheckAsync, isGuarded: true }
    const guarded = { ...hashContext, engine: this.#engineFor(wanted), ...guards }
    const before = bytesLeft(content, table)
    const end = hashed.begin(bytesDone, ahead !== undefined)
    let bytesRead: number | null = null
    try {
      const { bytesHashed, isSettled, ...digests } = await hashContent(content, guarded, table)
      // The other bytes were adopted from other machines
      bytesRead = bytesHashed
      this.#unfinished.delete(keyOf(input))
      // The `info` is not cached: it is quickly composed from digests, and strangers choose many
      // sets
      return { ...composeCore(content, options, digests), bytesHashed, isSettled }
    } finally {
      const left = bytesLeft(content, table)
      end(bytesRead ?? before - left)
      if (left > 0 && left < before) this.#unfinished.set(keyOf(input), table)
    }
  }

  /** An engine that stops when nobody wants the work any more, and keeps what it has read. */
  #engineFor({ onProgress, ahead, signal, bytes }: HashRequest): Engine {
    const { engine } = this.parts.hashContext
    // Leaves other running jobs their share of threads
    const threads = Math.max(1, Math.floor(engine.threads / Math.max(1, this.parts.queue.running)))
    return {
      ...engine,
      throttle: ahead?.throttle,
      threads,
      onProgress: ({ bytesDone }) => {
        onProgress(bytesDone, bytes)
      },
      pauses: {
        onPause: (act) => {
          if (signal.aborted) act()
          else signal.addEventListener('abort', act, { once: true })
        },
        goOn: () => {
          return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve(threads)
        },
      },
    }
  }
}

function keyOf(input: Uint8Array): string {
  return Buffer.from(input).toString('hex')
}

/** Bytes of memory that a table takes. */
function sizeOfTable({ digests, isKnown, trees }: PieceTable): number {
  let size = digests.length + isKnown.length
  if (trees === null) return size
  size += trees.roots.length + trees.isKnown.length
  for (const layer of trees.layers.values()) size += layer.length
  return size
}

/** Bytes to read for pieces whose digests are unknown. */
function bytesLeft(content: Content, table: PieceTable): number {
  if (content.version !== 'v1') return countUnknown(content, table)
  // Pieces of v1 follow each other without padding; only the last may be short
  const { pieceLength, pieceCount, size } = content
  const pieces = countUnknownPieces(table)
  const short = table.isKnown.at(-1) === 0 ? pieceCount * pieceLength - size : 0
  return pieces * pieceLength - short
}
