import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** Work that reads some files. */
export interface Claim {
  /** Bytes of it that are left. */
  readonly remaining: () => number
  /** Whether it is at work, and does not only wait for that. */
  readonly isAtWork: () => boolean
  /** Resolves when the files are read, or given up, and what came of it can be found in the cache. */
  readonly done: Promise<void>
  /** Ends the work; null when somebody waits for it. */
  readonly giveWay: (() => void) | null
}

/** Work that is to read some files next. */
export interface Claimant {
  readonly files: readonly Pick<ScannedFile, 'absolutePath'>[]
  /** Bytes to read. */
  readonly bytes: number
  /** Whether nobody waits for it. */
  readonly isAhead: boolean
  /** Aborts, with its reason, when it is not wanted any more. */
  readonly signal: AbortSignal
  /** Hears, while it waits for work on its files, how many of its bytes that makes less. */
  readonly onProgress?: (bytesDone: number) => void
}

/** How many times its own bytes, and how many bytes beside, work waits for other work. */
const PATIENCE = { factor: 4, bytes: 64 * 1024 * 1024 }

/** How often those who wait hear of progress, in milliseconds. */
const INTERVAL = 200

/**
 * Who reads which files, so that no file is read for two at once; but small work does not wait for
 * large work on a file of it.
 */
export class FileClaims {
  readonly #claims = new Map<string, Claim>()

  /**
   * What is to be waited for before the files may be claimed; null for nothing: they are to be claimed
   * then before anything else is awaited, or others would claim them as well.
   */
  inTheWay(claimant: Claimant): Promise<void> | null {
    const claims = this.#worthWaiting(claimant)
    if (claims.length === 0) return null
    if (!claimant.isAhead) for (const { giveWay } of claims) giveWay?.()
    return waitFor(claims, claimant)
  }

  /** Claims files until the work is done. */
  take(files: Claimant['files'], claim: Claim): void {
    for (const { absolutePath } of files) this.#claims.set(absolutePath, claim)
    void claim.done.then(() => {
      for (const { absolutePath } of files) {
        if (this.#claims.get(absolutePath) === claim) this.#claims.delete(absolutePath)
      }
    })
  }

  /**
   * The claims that are done sooner than the claimant would be, more or less, as those are that give
   * way. What nobody waits for waits for all.
   */
  #worthWaiting({ files, bytes, isAhead }: Claimant): Claim[] {
    const limit = isAhead ? Infinity : PATIENCE.factor * bytes + PATIENCE.bytes
    const claims = files.flatMap(({ absolutePath }) => this.#claims.get(absolutePath) ?? [])
    return [...new Set(claims)].filter(({ remaining, giveWay }) => {
      return giveWay !== null || remaining() <= limit
    })
  }
}

async function waitFor(claims: readonly Claim[], claimant: Claimant): Promise<void> {
  const { bytes, signal, onProgress } = claimant
  const tell = () => {
    if (!claims.every(({ isAtWork }) => isAtWork())) return
    onProgress?.(Math.max(0, bytes - Math.max(...claims.map(({ remaining }) => remaining()))))
  }
  const timer = setInterval(tell, INTERVAL).unref()
  try {
    await unlessAborted(Promise.all(claims.map(({ done }) => done)), signal)
  } finally {
    clearInterval(timer)
  }
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
