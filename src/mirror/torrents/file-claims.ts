import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** Work that reads some files. */
export interface Claim {
  /** Remaining bytes. */
  readonly remaining: () => number
  /** Whether it is running; otherwise it waits for its turn. */
  readonly isAtWork: () => boolean
  /** Resolves when the files are read or given up, and the results are in the cache. */
  readonly done: Promise<void>
  /** Ends the work; null if somebody waits for it. */
  readonly giveWay: (() => void) | null
}

/** Work that wants to read some files next. */
export interface Claimant {
  readonly files: readonly Pick<ScannedFile, 'absolutePath'>[]
  /** Bytes to read. */
  readonly bytes: number
  /** Whether nobody waits for it. */
  readonly isAhead: boolean
  /** Aborts, with its reason, when the work is no longer wanted. */
  readonly signal: AbortSignal
  /** Receives the progress of other work on its files, in bytes that need not be read again. */
  readonly onProgress?: (bytesDone: number) => void
}

/** Work waits for other work of at most `factor` times its own bytes, plus `bytes`. */
const PATIENCE = { factor: 4, bytes: 64 * 1024 * 1024 }

/** Milliseconds between reports of progress to those who wait. */
const INTERVAL = 200

/**
 * Records which work reads which files, so that no file is read twice at once. Small work does not
 * wait for large work on the same file.
 */
export class FileClaims {
  readonly #claims = new Map<string, Claim>()

  /**
   * Resolves when the files may be claimed; null if they are free. If null, claim them before
   * awaiting anything else, or other work may claim them as well.
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
   * The claims that will be done sooner than the claimant, and those that yield. Work that nobody
   * waits for waits for all claims.
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

/** Waits for a promise, unless the signal aborts before. */
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
