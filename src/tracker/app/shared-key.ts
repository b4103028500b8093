import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'

/** Bytes that a key has at least and at most. */
const MIN_SIZE = 16
const MAX_SIZE = 4096

/**
 * The key in a file, white space at its end left out.
 * @throws BtkitError when it can't be read, or is too short to be one
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
    throw new BtkitError('usage', `${path}: a key has at least ${MIN_SIZE} bytes`)
  }
  return key
}
