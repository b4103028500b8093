import { Buffer } from 'node:buffer'
import { loadNative } from '../../base/native-addon.js'
import { rawPath } from '../../base/text/raw-path.js'
import type { FileColumns, FilePaths } from '../file-lists/columns.js'
import { type ChangeRules, changeSince } from '../file-lists/fingerprint.js'
import { lookAt } from '../look/stat-files.js'

/** A file that is in another state now. */
export interface ChangedFile {
  readonly number: number
  readonly change: 'changed' | 'disappeared'
}

/** Files and their states for the native addon. */
type LookedFiles = Omit<FilePaths, 'directories'> & {
  /** Each ended by a NUL. */
  readonly directories: Uint8Array
  /** The encoded states, and which is that of each file; null for that of its number. */
  readonly states: Uint8Array
  readonly rows: Uint32Array | null
  /** 0 for each file that has not changed. */
  readonly answers: Uint8Array
}

/** The native addon's functions; see native/look_again.h. */
interface LookAgain {
  readonly lookAgain: (files: LookedFiles) => void
  readonly lookAgainAsync: (files: LookedFiles) => Promise<void>
}

const CHANGED = 1
const GONE = 2

export const nativeLook = loadNative<LookAgain>('lookAgain', 'lookAgainAsync')

/** Files that are looked at on the event loop: a thread would take several times as long. */
const FEW = 8

/**
 * Returns the files that are not in their states any more. Links are not followed. If there are
 * more than a few, never on the event loop if the native addon is there.
 */
export async function changesOf(
  files: FileColumns,
  native: LookAgain | null = nativeLook,
  rules: ChangeRules = {},
): Promise<Iterable<ChangedFile>> {
  const answers = new Uint8Array(files.length)
  if (!native) return changesIn(files, answers.fill(CHANGED), rules)
  const { store, rows, paths } = files
  const directories = Buffer.from(rawPath(paths.directories.concat('').join('\0')))
  const looked = { ...paths, directories, states: store.states.bytes, rows, answers }
  if (files.length <= FEW) native.lookAgain(looked)
  else await native.lookAgainAsync(looked)
  if (!answers.includes(CHANGED) && !answers.includes(GONE)) return []
  return changesIn(files, answers, rules)
}

/** The answers say which files are looked at once more. */
function* changesIn(
  files: FileColumns,
  answers: Uint8Array,
  rules: ChangeRules,
): Generator<ChangedFile> {
  for (const [number, answer] of answers.entries()) {
    if (answer === 0 || !files.isRead(number)) continue
    const now = answer === GONE ? null : lookAt(files.absolutePathAt(number))
    const change = changeSince(files.fingerprintAt(number), now, rules)
    if (change !== null) yield { number, change }
  }
}
