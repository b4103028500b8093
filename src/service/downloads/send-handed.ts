import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { sameFingerprint } from '../../files/fingerprint.js'
import type { Mirror } from '../mirror/mirror.js'
import { openInside, type OpenFile } from '../mirror/open-inside.js'
import { Refusal } from '../refusal.js'
import type { HandedFile } from '../workers/handed-file.js'
import { FileStream } from './file-stream.js'

const NOTHING = new Uint8Array(0)

/** Sends files that another process has looked at. */
export class HandedFileSender {
  readonly #mirror: Mirror
  readonly #reads: ConcurrencyLimit

  /** `maxReads` is how many files are opened or read at once. */
  constructor(mirror: Mirror, maxReads: number) {
    this.#mirror = mirror
    this.#reads = new ConcurrencyLimit(maxReads)
  }

  /**
   * Sends a stretch of a file as the body of the answer that `begin` begins; false, with nothing sent,
   * when the file is not the one that was looked at.
   */
  async send(handed: HandedFile, response: ServerResponse, begin: () => void): Promise<boolean> {
    const file = await this.#reads.run(() => this.#openSame(handed))
    if (!file) return false
    const { start, end } = handed
    const stream = new FileStream(file.handle, [{ start, end, lead: NOTHING }], this.#reads)
    stream.once('end', () => {
      // The file got shorter: only the end of the connection tells the client that bytes are missing
      if (stream.missing > 0) response.destroy()
    })
    if (!response.destroyed) begin()
    pipeline(stream, response, () => undefined)
    return true
  }

  /** Null when the file is another by now, or can't be opened. */
  async #openSame({ absolutePath, fingerprint }: HandedFile): Promise<OpenFile | null> {
    try {
      const file = await openInside({ path: [], absolutePath, fingerprint }, this.#mirror)
      if (sameFingerprint(file.fingerprint, fingerprint)) return file
      await file.handle.close()
      return null
    } catch (error) {
      if (error instanceof Refusal) return null
      throw error
    }
  }
}
