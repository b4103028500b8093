import type { ScannedFile } from '../../files/scanned-file.js'
import type { Throttle } from '../../hash/jobs/job.js'
import type { JobQueue } from '../admission/job-queue.js'

/** The files to read, and their bytes. */
export interface ToRead {
  readonly files: readonly ScannedFile[]
  readonly bytes: number
}

/** Settings of hashing that nobody waits for. */
export interface AheadOfNeed {
  /** Limits the read rate; undefined for no limit. */
  readonly throttle: Throttle | undefined
  /** Called when other work begins; the signal must abort then. */
  readonly giveWay: () => void
}

/** Work that reads some files. */
export interface ReadRequest {
  /** The client; see Job. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Receives how many of the bytes to read are read. */
  readonly onProgress: (bytesDone: number, bytesWanted: number) => void
  /** Given if nobody waits for it. */
  readonly ahead?: AheadOfNeed | undefined
}

/** A work that holds its files. */
interface Claim {
  readonly bytes: number
  readonly isAhead: boolean
  /** Null while it waits for its turn. */
  bytesDone: number | null
  /** Resolves when the files are read or given up, and the results are in the cache. */
  readonly done: Promise<void>
  /** Ends the work; null if somebody waits for it. */
  readonly giveWay: (() => void) | null
}

/** Work waits for other work of at most `factor` times its own bytes, plus `bytes`. */
const PATIENCE = { factor: 4, bytes: 64 * 1024 * 1024 }

/** Milliseconds between reports of progress to those who wait. */
const INTERVAL = 200

/**
 * Reads files in the turns of a queue, and counts their bytes. No file is read twice at once, but
 * small work does not wait for large work on the same file.
 */
export class FileReads {
  readonly #claims = new Map<string, Set<Claim>>()
  readonly #underWay = new Set<Claim>()
  readonly #ended = { total: 0, ahead: 0 }

  constructor(
    readonly queue: JobQueue,
    /** Puts results into the cache. */
    private readonly flush: () => Promise<void>,
  ) {}

  /** Bytes read since the start; no count ever falls. */
  get total(): number {
    return [...this.#underWay].reduce(
      (sum, { bytesDone }) => sum + (bytesDone ?? 0),
      this.#ended.total,
    )
  }

  /** Bytes of these that were read before anybody asked for them. */
  get ahead(): number {
    const ahead = [...this.#underWay].filter(({ isAhead }) => isAhead)
    return ahead.reduce((sum, { bytesDone }) => sum + (bytesDone ?? 0), this.#ended.ahead)
  }

  /**
   * Calls `read` in its turn, once no other work reads the files. `toRead` is called again after
   * other work, which may have read them. `read` notes the bytes that it has read.
   * @throws NotReady, the signal's reason, and the errors of `read`
   */
  async run<T>(
    wanted: ReadRequest,
    toRead: () => ToRead | Promise<ToRead>,
    read: (note: (bytesDone: number) => void) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const files = await toRead()
      const others = this.inTheWay(files, wanted)
      if (others.length === 0) return this.#claim(files, wanted, read)
      if (!wanted.ahead) for (const { giveWay } of others) giveWay?.()
      await waitFor(others, files.bytes, wanted)
    }
  }

  /**
   * Works on the same files that will be done sooner, and those that give way. Work that nobody
   * waits for waits for all others.
   */
  inTheWay({ files, bytes }: ToRead, { ahead }: ReadRequest): Claim[] {
    const limit = ahead ? Infinity : PATIENCE.factor * bytes + PATIENCE.bytes
    const claims = files.flatMap(({ absolutePath }) => [...(this.#claims.get(absolutePath) ?? [])])
    return [...new Set(claims)].filter((claim) => {
      return claim.giveWay !== null || remainingOf(claim) <= limit
    })
  }

  /** Holds the files until they are read and the results are in the cache. */
  #claim<T>(
    { files, bytes }: ToRead,
    { client, signal, onProgress, ahead }: ReadRequest,
    read: (note: (bytesDone: number) => void) => Promise<T>,
  ): Promise<T> {
    const note = (bytesDone: number) => {
      // The count may include padding, or lag behind
      claim.bytesDone = Math.max(claim.bytesDone ?? 0, Math.min(bytesDone, bytes))
      onProgress(claim.bytesDone, bytes)
    }
    const begin = () => {
      this.#underWay.add(claim)
      return read(note).finally(() => {
        this.#underWay.delete(claim)
        this.#ended.total += claim.bytesDone ?? 0
        if (ahead) this.#ended.ahead += claim.bytesDone ?? 0
      })
    }
    const work = ahead
      ? this.queue.runAhead({ signal, giveWay: ahead.giveWay }, begin)
      : this.queue.run({ size: bytes, client, signal }, begin)
    const giveWay = ahead?.giveWay ?? null
    const done = work.then(() => this.flush()).catch(() => undefined)
    const claim: Claim = { bytes, isAhead: ahead !== undefined, bytesDone: null, done, giveWay }
    for (const { absolutePath } of files) {
      const claims = this.#claims.get(absolutePath)
      // Small work does not wait for large work on the same file
      if (claims) claims.add(claim)
      else this.#claims.set(absolutePath, new Set([claim]))
    }
    void done.then(() => {
      for (const { absolutePath } of files) {
        const claims = this.#claims.get(absolutePath)
        claims?.delete(claim)
        if (claims?.size === 0) this.#claims.delete(absolutePath)
      }
    })
    return work
  }
}

function remainingOf({ bytes, bytesDone }: Claim): number {
  return bytes - (bytesDone ?? 0)
}

/** Waits for other works, unless the signal aborts before, and reports their progress. */
async function waitFor(
  claims: readonly Claim[],
  bytes: number,
  { signal, onProgress }: ReadRequest,
): Promise<void> {
  signal.throwIfAborted()
  const tell = () => {
    if (claims.some(({ bytesDone }) => bytesDone === null)) return
    onProgress(Math.max(0, bytes - Math.max(...claims.map(remainingOf))), bytes)
  }
  const timer = setInterval(tell, INTERVAL).unref()
  let leave: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave)
  })
  try {
    await Promise.race([Promise.all(claims.map(({ done }) => done)), aborted])
  } finally {
    signal.removeEventListener('abort', leave)
    clearInterval(timer)
  }
}
