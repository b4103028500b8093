import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { asBtkitError, BtkitError } from '../errors.js'
import { takeTurn, type Throttle } from './jobs/throttle.js'

/** Options for hashing a file. */
export interface WholeFileOptions {
  /** Algorithm names of node:crypto. */
  readonly algorithms: readonly string[]
  /** Limits the read rate. */
  readonly throttle?: Throttle | undefined
  /** Ends the work when it aborts. */
  readonly signal: AbortSignal
}

/** Bytes of one read. The next read runs while a chunk is hashed. */
const CHUNK = 1024 * 1024

/** Bytes of one read with a throttle; smaller, because others share its rate. */
const THROTTLED_CHUNK = 256 * 1024

/**
 * Computes digests of a whole file of `size` bytes with each algorithm, in one reading.
 * @throws BtkitError `changed` if the file ends early, `interrupted`, `not-found`,
 *   `not-permitted` or `io`
 */
export async function hashWholeFile(
  path: string,
  size: number,
  options: WholeFileOptions,
): Promise<Uint8Array[]> {
  const hashes = options.algorithms.map((algorithm) => createHash(algorithm))
  try {
    const handle = await open(path, 'r')
    try {
      await feed(hashes, { handle, path, size }, options)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
  return hashes.map((hash) => hash.digest())
}

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly size: number
}

async function feed(
  hashes: readonly Hash[],
  file: OpenFile,
  { throttle, signal }: WholeFileOptions,
): Promise<void> {
  const chunk = Math.min(throttle ? THROTTLED_CHUNK : CHUNK, file.size)
  const buffers = [Buffer.allocUnsafe(chunk), Buffer.allocUnsafe(chunk)] as const
  const read = async (at: number, buffer: Buffer) => {
    if (at >= file.size) return null
    if (throttle) await setTimeout(takeTurn(throttle, chunk))
    return readAt(file, at, buffer.subarray(0, file.size - at))
  }
  let next = read(0, buffers[0])
  for (let at = 0, turn = 1; at < file.size; at += chunk, turn = 1 - turn) {
    const bytes = await next
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    next = read(at + chunk, buffers[turn === 1 ? 1 : 0])
    // Awaited after the current chunk is hashed
    next.catch(() => undefined)
    if (bytes) for (const hash of hashes) hash.update(bytes)
  }
  await next
}

async function readAt({ handle, path }: OpenFile, at: number, buffer: Buffer): Promise<Buffer> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, at + filled)
    if (bytesRead === 0)
      throw new BtkitError('changed', `${path}: became shorter while it was read`)
    filled += bytesRead
  }
  return buffer
}
