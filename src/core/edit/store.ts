import { statSync } from 'node:fs'
import { BtkitError, valueOr } from '../../errors.js'
import type { WriteOptions } from '../../files/write/atomically.js'
import {
  checkEditable,
  checkUnchanged,
  checkWritable,
  type Editable,
} from '../../files/write/check-editable.js'
import { checkTarget } from '../../files/write/check-target.js'
import type { Writer } from '../../files/write/many.js'
import { withFileBytes } from '../../files/with-file-bytes.js'
import { checkReplaceable } from '../check-replaceable.js'
import type { EditRequest, PreparedEdit } from './file.js'

/**
 * Writes an edited torrent, unless its target has the same bytes already. A dry run only checks
 * that the target can be written.
 * @throws BtkitError with the target's name; `changed` if the torrent has changed since it was
 *   read
 */
export async function storeEdit(
  { edited: { file }, bytes, editable, isWritable }: PreparedEdit,
  request: EditRequest,
  writer: Writer,
): Promise<void> {
  if (bytes === null) return
  const { outputOf, dryRun } = request
  const target = outputOf?.(file) ?? file
  if (outputOf !== null && holds(target, bytes)) return
  if (outputOf !== null) checkOther(file, target)
  if (outputOf === null && !isWritable) checkWritable(file)
  const options = writeOptions(file, editable, request)
  if (dryRun) checkTarget(target, options)
  else await writer.write(target, bytes, options)
}

/**
 * Returns the write options. A replaced torrent keeps mode and owner; a copy keeps only the mode.
 */
function writeOptions(
  file: string,
  editable: Editable,
  { outputOf, force }: EditRequest,
): WriteOptions {
  const { mode, owner, fingerprint } = editable
  if (outputOf !== null) return force ? { mode } : { mode, checkReplaceable }
  const checkUntouched = () => {
    checkUnchanged(file, editable)
  }
  return { mode, owner, checkUntouched, expected: fingerprint }
}

/** Checks that the target of a copy is not the torrent itself through a link. */
function checkOther(file: string, target: string): void {
  const [from, to] = [file, target].map((path) => statSync(path, NUMBERS))
  if (!from || !to || from.ino !== to.ino || from.dev !== to.dev) return
  throw new BtkitError('exists', `${target}: is the torrent itself; choose another --output-dir`)
}

const NUMBERS = { bigint: true, throwIfNoEntry: false } as const

/** Whether a file has exactly these bytes; false if it cannot be read. */
function holds(path: string, bytes: Uint8Array): boolean {
  return valueOr(false, () => {
    checkEditable(path)
    return withFileBytes(path, bytes.length, (found) => Buffer.compare(found, bytes) === 0)
  })
}
