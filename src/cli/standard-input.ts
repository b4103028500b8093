import { fstatSync } from 'node:fs'
import { Socket, type OnReadOpts } from 'node:net'
import type { Readable } from 'node:stream'

/** Bytes that are handed on together if they come fast. */
const CHUNK = 2 * 1024 * 1024

/** Bytes that a pipe holds: after a read of as many, more may be there at once. */
const PIPE = 64 * 1024

let opened: Readable | undefined

/**
 * Yields the bytes of standard input, which is opened now. A chunk may change when the next one is
 * asked for.
 */
export async function* readStandardInput(): AsyncGenerator<Uint8Array> {
  if (fstatSync(0).isFIFO()) yield* readPipe(0)
  else yield* (opened = process.stdin)
}

/** Ends all reads of standard input, so that none keeps the process alive. */
export function closeStandardInput(): void {
  const stream = opened ?? process.stdin
  stream.destroy()
}

/**
 * Reads a pipe into the same memory again and again. A stream of Node takes new memory for each
 * read, and for 2 GiB 0.8 s of CPU instead of 0.4 s.
 */
async function* readPipe(fd: number): AsyncGenerator<Uint8Array> {
  // One half is filled while the caller has the other one. The stream waits when it has 64 KiB that
  // the caller has not taken, so it never writes to the caller's half.
  const memory = new Uint8Array(2 * CHUNK)
  let [start, end] = [0, 0]
  const take = () => {
    const chunk = memory.subarray(start, end)
    start = end %= memory.length
    return chunk
  }
  const onread: OnReadOpts = {
    buffer: () => memory.subarray(end, end - (end % CHUNK) + CHUNK),
    callback(bytes) {
      end += bytes
      const isMore = bytes >= PIPE && end % CHUNK > 0
      return isMore || socket.push(take())
    },
  }
  // The types know `onread` only of connections
  const options = { fd, readable: true, writable: false, onread }
  const socket = new Socket(options)
  opened = socket
  yield* socket
  yield take()
}
