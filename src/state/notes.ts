import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../bytes.js'
import { makeDirectory } from '../directories.js'
import { BtkitError, osCodeOf } from '../errors.js'
import { readIfThere, requireOwnDirectory } from './files.js'

/** Identifies a note of earlier runs. A note may be lost at any time; it then counts as missing. */
export interface NotePlace {
  readonly stateDirectory: string
  /** The kind of note, which is a folder of the state directory. */
  readonly kind: 'reported'
  /** Identifies the runs that share a note. */
  readonly key: string
}

/** The largest note, in bytes. Reading a larger one would take as long as repeating the work. */
const MAX_SIZE = 4 * 2 ** 20

/** Length of a hexadecimal SHA-256 digest. */
const DIGEST = 64

/**
 * Reads a note, which is a JSON value. Returns null if there is none, or if it cannot be trusted.
 */
export function readNote(place: NotePlace): unknown {
  const path = pathOf(place)
  return orNothing(() => {
    requireOwn(place)
    const text = readIfThere(path, MAX_SIZE)?.toString() ?? ''
    const json = text.slice(DIGEST)
    return text.startsWith(hexDigest(json)) ? (JSON.parse(json) as unknown) : null
  })
}

/** Writes a note if possible. Failures are ignored. */
export function writeNote(place: NotePlace, value: unknown): void {
  const json = JSON.stringify(value)
  const bytes = Buffer.from(hexDigest(json) + json)
  if (bytes.length > MAX_SIZE) return
  orNothing(() => {
    requireOwn(place)
    const path = pathOf(place)
    makeDirectory(dirname(path), 0o700)
    // Its digest shows whether it is whole
    rmSync(`${path}.new`, { force: true })
    writeFileSync(`${path}.new`, bytes, { mode: 0o600, flag: 'wx' })
    renameSync(`${path}.new`, path)
  })
}

/** Removes a note if possible. Failures are ignored. */
export function removeNote(place: NotePlace): void {
  orNothing(() => {
    rmSync(pathOf(place), { force: true })
  })
}

/** @throws BtkitError if other users can write the note or replace its directory */
function requireOwn(place: NotePlace): void {
  for (const each of [place.stateDirectory, dirname(pathOf(place))]) requireOwnDirectory(each)
}

function pathOf({ stateDirectory, kind, key }: NotePlace): string {
  return join(stateDirectory, kind, hexDigest(key).slice(0, 32))
}

function hexDigest(text: string): string {
  return digestOf('sha256', text).toString('hex')
}

/** Returns null if the system refuses, or if the directory cannot be trusted. */
function orNothing<T>(act: () => T): T | null {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof BtkitError) && osCodeOf(error) === undefined) throw error
    return null
  }
}
