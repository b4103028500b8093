import { BtkitError, failureOf, valueOr } from '../../base/errors.js'
import { monotonicNow } from '../../base/process.js'
import { readRegular } from '../look/read-bounded.js'
import { writeAtomically } from './atomically.js'
import { checkEditable, checkUnchanged } from './permissions.js'

/** The permissions of a new file. */
const MODE = 0o600

/** Milliseconds until others that change the file again and again make this fail. */
const PATIENCE = 10_000

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
 * content; concurrent changes, also of other processes, are all kept. `change` is called again if
 * the file has changed meanwhile.
 * @throws BtkitError `changed` or `exists`, or if the file cannot be read or written
 */
export async function changeText(
  path: string,
  limit: number,
  change: (text: string | null) => string,
): Promise<void> {
  const until = monotonicNow() + PATIENCE
  const isAgain = ({ code }: BtkitError) =>
    (code === 'changed' || code === 'exists') && monotonicNow() < until
  for (;;) {
    const editable = valueOr(null, () => checkEditable(path))
    const changed = Buffer.from(change(await readText(path, limit)))
    const checkUntouched = () => {
      if (editable) checkUnchanged(path, editable)
    }
    const options = editable ? { checkUntouched } : { mode: MODE, noClobber: true }
    const failure = await failureOf(() => writeAtomically(path, changed, options))
    if (failure === null) return
    if (!isAgain(failure)) throw failure
  }
}
