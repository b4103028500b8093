import { BtkitError } from '../errors.js'
import { readBounded } from '../files/read-bounded.js'

/**
 * Reads a file that a client writes; null when it is not there yet.
 * @throws BtkitError those of readBounded
 */
export function readIfThere(path: string, maxSize: number): Uint8Array | null {
  try {
    return readBounded(path, maxSize)
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'not-found') return null
    throw error
  }
}
