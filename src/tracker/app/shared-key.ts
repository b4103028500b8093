import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'

/** The smallest and the largest size of a key in bytes. */
const MIN_SIZE = 16
const MAX_SIZE = 4096

/**
 * Reads the key in a file, without white space at its end.
 * @throws BtkitError if it cannot be read or is too short
 */
export async function readSharedKey(path: string): Promise<Uint8Array> {
  const file = await readRegular(path, MAX_SIZE, null)
  const key = Buffer.from(
    Buffer.from(file?.bytes ?? [])
      .toString('latin1')
      .trimEnd(),
    'latin1',
  )
  if (key.length < MIN_SIZE) {
    throw new BtkitError('usage', `${path}: the key is too short; use at least ${MIN_SIZE} bytes`)
  }
  return key
}
