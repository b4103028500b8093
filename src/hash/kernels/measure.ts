import { DIGEST_LENGTH, type HashAlgorithm, type HashKernel } from './kernel.js'

const PIECE_LENGTH = 64 * 1024
const DURATION_MS = 100

/** The bytes a second that a kernel hashes on this thread, from data in the cache. Takes 0.1 s. */
export function measureKernel(kernel: HashKernel, algorithm: HashAlgorithm): number {
  const data = new Uint8Array(kernel.lanes * PIECE_LENGTH)
  const out = new Uint8Array(kernel.lanes * DIGEST_LENGTH[algorithm])
  const batch = { algorithm, data, pieceLength: PIECE_LENGTH, count: kernel.lanes, out }
  const started = performance.now()
  let bytes = 0
  let elapsed = 0
  do {
    kernel.hash(batch)
    bytes += data.length
    elapsed = performance.now() - started
  } while (elapsed < DURATION_MS)
  return (bytes / elapsed) * 1000
}
