import { join } from 'node:path'
import { digestOf } from '../../base/bytes.js'
import { attempt, readState, replace, requireOwnDirectory } from './files.js'

/** Identifies a note of earlier runs. A note may be lost at any time; it then counts as missing. */
export interface NotePlace {
  readonly stateDirectory: string
  /** The kind of note, which is a folder of the state directory. */
  readonly kind: 'reported' | 'form' | 'listed'
  /** Identifies the runs that share a note. */
  readonly key: string
}

/** The largest note, in bytes: of a list of some 200,000 files on servers. */
const MAX_SIZE = 2 ** 26

/**
 * Reads a note, which is a JSON value. Returns null if there is none, or if it cannot be trusted.
 */
export function readNote(place: NotePlace): unknown {
  return attemptAt(place, (path) => {
    return JSON.parse(readState(path, MAX_SIZE)?.toString() ?? 'null') as unknown
  })
}

/** Writes a note if possible, or removes it if the value is null. Failures are ignored. */
export function writeNote(place: NotePlace, value: unknown): void {
  attemptAt(place, (path) => {
    replace(path, value === null ? null : JSON.stringify(value))
  })
}

/** A file name for a key. */
export function digestName(key: string): string {
  return digestOf('sha256', key).toString('hex', 0, 16)
}

/** Returns null also if other users can write the note or replace its directory. */
function attemptAt<T>(
  { stateDirectory, kind, key }: NotePlace,
  act: (path: string) => T,
): T | null {
  const directory = join(stateDirectory, kind)
  return attempt(() => {
    for (const each of [stateDirectory, directory]) requireOwnDirectory(each)
    return act(join(directory, digestName(key)))
  })
}
