import { dirname } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import { readRegular } from '../look/read-bounded.js'
import { writeAtomically } from './atomically.js'
import { lockDirectory } from './locks.js'

/** The permissions of a new file. */
const MODE = 0o600

/** Seconds to wait for another change of the file. */
const WAIT = 10

/**
 * Returns the text of a file of at most `limit` bytes; null if it is not there.
 * @throws BtkitError `too-large`, `not-permitted` or `io`
 */
export async function readText(path: string, limit: number): Promise<string | null> {
  const file = await readRegular(path, limit, null).catch((error: unknown) => {
    if (error instanceof BtkitError && error.code === 'not-found') return null
    throw error
  })
  return file && new TextDecoder().decode(file.bytes)
}

/**
 * Changes the text of a file that people edit, too. At any moment it has either its old or its new
 * content; concurrent changes, also of other processes, are all kept.
 * @throws BtkitError `locked`, or if the file cannot be read or written
 */
export async function changeText(
  path: string,
  limit: number,
  change: (text: string | null) => string,
): Promise<void> {
  const wait = { waitSeconds: WAIT, signal: new AbortController().signal }
  const lock = await lockDirectory(dirname(path), wait)
  try {
    const text = await readText(path, limit)
    const changed = Buffer.from(change(text))
    await writeAtomically(path, changed, { mode: text === null ? MODE : undefined })
  } finally {
    lock.release()
  }
}
