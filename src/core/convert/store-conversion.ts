import { writeAtomically, type WriteOptions } from '../../files/write/atomically.js'
import { checkEditable, checkUnchanged, checkWritable } from '../../files/write/check-editable.js'
import { checkTarget } from '../../files/write/check-target.js'
import { checkReplaceable } from '../check-replaceable.js'

/** Where a converted torrent goes. */
export interface ConvertTarget {
  /** The torrent that is converted. */
  readonly torrent: string
  /** The file to write; null for the torrent's own place. */
  readonly target: string | null
  /** Whether to replace even a target that is no torrent. */
  readonly force: boolean
}

/**
 * Makes sure, before anything is read, that a converted torrent could be written, and says how: in
 * the place of the old one it keeps its mode and owner, elsewhere its mode alone.
 * @throws BtkitError those of checkEditable, checkWritable and checkTarget
 */
export function planStore({ torrent, target, force }: ConvertTarget): WriteOptions {
  const editable = checkEditable(torrent)
  const { mode, owner } = editable
  if (target === null) {
    checkWritable(torrent)
    const checkUntouched = () => {
      checkUnchanged(torrent, editable)
    }
    return { mode, owner, checkUntouched }
  }
  const options = force ? { mode } : { mode, checkReplaceable }
  checkTarget(target, options)
  return options
}

/**
 * Writes a converted torrent.
 * @throws BtkitError those of writeAtomically
 */
export async function storeConversion(
  { torrent, target }: ConvertTarget,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  await writeAtomically(target ?? torrent, bytes, options)
}
