import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../../base/bytes.js'
import { makeDirectory } from '../../base/directories.js'
import { BtkitError, osCodeOf } from '../../base/errors.js'
import { readIfThere, requireOwnDirectory } from './files.js'

/** Identifies a note of earlier runs. A note may be lost at any time; it then counts as missing. */
export interface NotePlace {
  readonly stateDirectory: string
  /** The kind of note, which is a folder of the state directory. */
  readonly kind: 'reported' | 'form'
  /** Identifies the runs that share a note. */
  readonly key: string
}

/** The largest note, in bytes. Reading a larger one would take as long as repeating the work. */
const MAX_SIZE = 2 ** 20

/**
 * Reads a note, which is a JSON value. Returns null if there is none, or if it cannot be trusted.
 */
export function readNote(place: NotePlace): unknown {
  return attempt(place, (path) => {
    return JSON.parse(readIfThere(path, MAX_SIZE)?.toString() ?? 'null') as unknown
  })
}

/** Writes a note if possible, or removes it if the value is null. Failures are ignored. */
export function writeNote(place: NotePlace, value: unknown): void {
  attempt(place, (path) => {
    rmSync(value === null ? path : `${path}.new`, { force: true })
    if (value === null) return
    makeDirectory(dirname(path), 0o700)
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600, flag: 'wx' })
    renameSync(`${path}.new`, path)
  })
}

/** A file name for a key. */
export function nameOf(key: string): string {
  return digestOf('sha256', key).toString('hex', 0, 16)
}

/**
 * Returns null if the system refuses, if the note is damaged, or if other users can write it or
 * replace its directory.
 */
function attempt<T>({ stateDirectory, kind, key }: NotePlace, act: (path: string) => T): T | null {
  const directory = join(stateDirectory, kind)
  try {
    for (const each of [stateDirectory, directory]) requireOwnDirectory(each)
    return act(join(directory, nameOf(key)))
  } catch (error) {
    const isDamaged = error instanceof BtkitError || error instanceof SyntaxError
    if (!isDamaged && osCodeOf(error) === undefined) throw error
    return null
  }
}
