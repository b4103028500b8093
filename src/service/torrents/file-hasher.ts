import { lstat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { isPad, type Content } from '../../core/digests/content.js'
import { composeInfo, type ContentInfo, type InfoRequest } from '../../core/digests/info.js'
import {
  hashContent,
  requireUnchanged,
  type Engine,
  type HashContext,
  type RecheckFiles,
} from '../../core/digests/hash-content.js'
import type { PieceTable } from '../../core/digests/piece-table.js'
import { recallPieces } from '../../core/digests/recall-pieces.js'
import { unknownFiles } from '../../core/digests/unknown-files.js'
import { fingerprintOf } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Turn } from '../admission/turn.js'
import type { WorkQueue } from '../admission/work-queue.js'
import { mapConcurrently } from '../mirror/map-concurrently.js'
import type { Mirror } from '../mirror/mirror.js'
import { isSameInside } from '../mirror/open-inside.js'
import { Refusal } from '../refusal.js'
import { refuseWriters } from './writers.js'

export interface FileHasherParts {
  readonly mirror: Mirror
  readonly hashContext: HashContext
  readonly queue: WorkQueue
}

/** A torrent whose files have to be read. */
export interface HashRequest {
  readonly request: InfoRequest
  /** What the cache knows of its pieces. */
  readonly table: PieceTable
  /** Whom it is for; see QueuedWork. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody waits for it any more. */
  readonly signal: AbortSignal
  readonly onProgress: (bytesDone: number) => void
}

/** Files that are being hashed, or wait for it. */
interface Claim {
  /** Bytes that are left of all that is hashed with them. */
  readonly remaining: () => number
  /** Resolves when they are hashed, or given up. */
  readonly done: Promise<void>
}

/** Memory for digests of torrents that were given up, in bytes. */
const MEMORY = 16 * 1024 * 1024

/** How many times its own bytes, and how many bytes beside, a torrent waits for others' hashing. */
const PATIENCE = { factor: 4, bytes: 64 * 1024 * 1024 }

/**
 * Hashes the files of torrents, and no file for two of them at once; but a small torrent does not
 * wait for a large one that has a file of it. What is hashed of one that is given up serves when it
 * is asked for again.
 */
export class FileHasher {
  readonly #claims = new Map<string, Claim>()
  readonly #unfinished = new LRUCache<string, PieceTable>({
    maxSize: MEMORY,
    sizeCalculation: ({ digests, isKnown }) => digests.length + isKnown.length,
  })
  readonly #parts: FileHasherParts
  #bytesHashed = 0

  constructor(parts: FileHasherParts) {
    this.#parts = parts
  }

  /** Bytes hashed since the start. */
  get bytesHashed(): number {
    return this.#bytesHashed
  }

  /**
   * Obtains the `info` of content, reading what the cache does not know of it.
   * @throws BtkitError `changed`, NotReady, the signal's reason, and as hashContent does
   */
  async obtain(wanted: HashRequest): Promise<ContentInfo> {
    const { content, input } = wanted.request
    const key = Buffer.from(input).toString('hex')
    let table = this.#unfinished.get(key) ?? wanted.table
    for (;;) {
      const unknown = unknownFiles(content, table)
      const claims = this.#claimsWorthWaiting(unknown, bytesLeft(content, table))
      // Nothing may be awaited in between, or another request would claim the files as well
      if (claims.length === 0) return this.#begin({ ...wanted, table }, unknown)
      await unlessAborted(Promise.all(claims.map(({ done }) => done)), wanted.signal)
      table = recallPieces(content, this.#parts.hashContext.cacheAccess)
    }
  }

  /** The claims on some files that are done sooner than it would be to hash `bytes`, more or less. */
  #claimsWorthWaiting(files: readonly ScannedFile[], bytes: number): Claim[] {
    const limit = PATIENCE.factor * bytes + PATIENCE.bytes
    const claims = files.flatMap(({ absolutePath }) => this.#claims.get(absolutePath) ?? [])
    return [...new Set(claims)].filter(({ remaining }) => remaining() <= limit)
  }

  /** Claims the files to read, until the cache knows of them. */
  #begin(wanted: HashRequest, unknown: readonly ScannedFile[]): Promise<ContentInfo> {
    const { queue, hashContext } = this.#parts
    const bytes = bytesLeft(wanted.request.content, wanted.table)
    let bytesDone = 0
    const onProgress = (done: number) => {
      bytesDone = done
      wanted.onProgress(done)
    }
    const queued = { ...wanted, remaining: () => Math.max(0, bytes - bytesDone) }
    const work = queue.run(queued, (turn) => this.#hash({ ...wanted, onProgress }, unknown, turn))
    const done = work.then(() => hashContext.cacheAccess.cache.flush()).catch(() => undefined)
    const claim = { remaining: queued.remaining, done }
    for (const { absolutePath } of unknown) this.#claims.set(absolutePath, claim)
    void done.then(() => {
      for (const { absolutePath } of unknown) {
        if (this.#claims.get(absolutePath) === claim) this.#claims.delete(absolutePath)
      }
    })
    return work
  }

  async #hash(
    wanted: HashRequest,
    unknown: readonly ScannedFile[],
    turn: Turn,
  ): Promise<ContentInfo> {
    const { hashContext, mirror } = this.#parts
    const { signal, request, table } = wanted
    const { content } = request
    await mapConcurrently(unknown, async (file) => {
      signal.throwIfAborted()
      await refuseOther(onMirror(file, content), mirror)
    })
    wanted.onProgress(0)
    const guards = { recheck: recheckAsync, watchWriters: refuseWriters, isGuarded: true }
    const guarded = { ...hashContext, engine: this.#engineFor(wanted, turn), ...guards }
    const key = Buffer.from(request.input).toString('hex')
    const before = bytesLeft(content, table)
    try {
      const { pieces, ...made } = await hashContent(content, guarded, table)
      this.#unfinished.delete(key)
      // Not remembered whole: from the digests it is composed at once, and strangers' sets are many
      return { ...made, info: composeInfo(content, request.options, pieces) }
    } finally {
      const left = bytesLeft(content, table)
      this.#bytesHashed += before - left
      if (left > 0 && left < before) this.#unfinished.set(key, table)
    }
  }

  /** An engine that stops when the turn is over, and goes on with the next. */
  #engineFor({ onProgress }: HashRequest, turn: Turn): Engine {
    const { engine } = this.#parts.hashContext
    // Jobs that come while others run leave them their share
    const threads = () => Math.max(1, Math.floor(engine.threads / turn.running))
    return {
      ...engine,
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

/** The length of the pieces whose digests are unknown; the last of the stream may be short. */
function bytesLeft({ pieceLength, pieceCount, size }: Content, { isKnown }: PieceTable): number {
  const pieces = isKnown.reduce((sum, known) => sum + 1 - known, 0)
  const short = isKnown.at(-1) === 0 ? pieceCount * pieceLength - size : 0
  return pieces * pieceLength - short
}

/** Waits for something, unless the signal aborts before. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let leave: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** A file of a torrent, with the path that it has on the mirror, for messages. */
function onMirror(file: ScannedFile, { isDirectory, name }: Content): ScannedFile {
  return isDirectory ? { ...file, path: [name, ...file.path] } : file
}

/** Makes sure, on the open file, that what will be read is what was looked at, and may be had. */
async function refuseOther(file: ScannedFile, mirror: Mirror): Promise<void> {
  const isSame = await isSameInside(file, mirror).catch((error: unknown) => {
    // Gone, or the root is another directory by now: a further look tells
    if (error instanceof Refusal && error.code === 'not-found') return false
    throw error
  })
  if (!isSame) requireUnchanged(file, null)
}

const recheckAsync: RecheckFiles = async (files) => {
  const real = files.filter((file) => !isPad(file))
  await mapConcurrently(real, async (file) => {
    requireUnchanged(file, await fingerprintIfThere(file.absolutePath))
  })
}

async function fingerprintIfThere(path: string) {
  try {
    return fingerprintOf(await lstat(path, { bigint: true }))
  } catch {
    // Whatever became of it, it is not what it was
    return null
  }
}
