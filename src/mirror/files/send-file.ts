import { type BufferPool, NOTHING } from '../../base/buffer-pool.js'
import type { BodyPart } from '../../server/headers/conditional.js'
import { monotonicNow } from '../../base/process.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import { turnOf } from '../../server/connections/turns.js'
import type { Look } from '../tree/below-root.js'
import { closeFile, isRewritten, type OpenedFile, readLater, readNow } from '../tree/open-looked.js'

/** Bytes of one download that are sent before others have their turn. */
const STRETCH = 1024 * 1024

/** Bytes that are read at a time: more are not faster. */
export const LARGEST_PART = 256 * 1024

/** The same before a client is known to take a part that waited for it in so many milliseconds. */
const SMALL_PART = 64 * 1024
const SLOW = 50

/** An open file, with its first bytes. */
export interface OpenDownload extends OpenedFile {
  readonly look: Pick<Look, 'native' | 'waits' | 'fingerprint'>
  /**
   * The ranges to send, none of them empty, with the text before each; and that behind the last.
   */
  readonly parts: readonly BodyPart[]
  readonly tail: string
  /** The first bytes of the first range that were in memory, if any, in a buffer of the pool. */
  readonly buffer: Buffer
}

/**
 * Sends ranges of an open file, whose header is written, and closes the file. Bytes that are in
 * memory are read at once, others in turn; nothing is read before the client has taken what was.
 * Ends the connection if the file became shorter or was rewritten in place: only that shows the
 * client that it lacks bytes, or has those of two states.
 */
export async function sendFile(
  response: CountedResponse,
  file: OpenDownload,
  reads: { readonly pool: BufferPool; readonly later: <T>(read: () => Promise<T>) => Promise<T> },
): Promise<void> {
  let [{ buffer, bytesRead }, at, sent, part] = [file, 0, 0, SMALL_PART]
  // They were not in memory
  if (bytesRead === 0) {
    reads.pool.give(buffer)
    buffer = NOTHING
  }
  try {
    for (const { head, range } of file.parts) {
      if (head !== '') response.write(head)
      for (at = range.start; at < range.end; at += bytesRead) {
        // Its first bytes come with the file
        if (buffer === NOTHING) {
          if (sent >= STRETCH) {
            await turnOf(response.client)
            sent = 0
          }
          if (response.destroyed) return
          bytesRead = await readNext(Math.min(range.end - at, part))
        }
        const isLast = range === file.parts.at(-1)?.range && at + bytesRead >= range.end
        if (bytesRead === 0 || (isLast && (await isRewritten(file)))) {
          response.destroy()
          return
        }
        const written = response.writePart(buffer.subarray(0, bytesRead))
        sent += bytesRead
        if (written) {
          const begun = monotonicNow()
          if (!(await written)) return
          part = monotonicNow() - begun > SLOW ? SMALL_PART : LARGEST_PART
        }
        // Others may use it while this download waits for its turn
        reads.pool.give(buffer)
        buffer = NOTHING
      }
    }
    // Not before: a server that stops closes the connections of responses that have ended
    response.end(file.tail)
  } catch {
    response.destroy()
  } finally {
    reads.pool.give(buffer)
    if (file.descriptor !== null) await closeFile(file.descriptor)
  }

  /** Reads at once what is in memory, else in turn. */
  async function readNext(wanted: number): Promise<number> {
    const { descriptor, look } = file
    if (descriptor === null) return 0
    buffer = reads.pool.take(wanted)
    const read = readNow(descriptor, look, buffer.subarray(0, wanted), at)
    if (read !== null) return read
    // Many may wait for their turns, so none holds a buffer meanwhile
    reads.pool.give(buffer)
    buffer = NOTHING
    return reads.later(async () => {
      if (response.destroyed) return 0
      buffer = reads.pool.take(wanted)
      return readLater(descriptor, buffer.subarray(0, wanted), at)
    })
  }
}
