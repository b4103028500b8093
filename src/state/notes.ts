import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../digest.js'
import { BtkitError, osCodeOf } from '../errors.js'
import { requireOwnDirectory } from './own-directory.js'
import { replaceFile } from './torrents/file.js'
import { readIfThere } from './torrents/regular-file.js'

/** Where a note of earlier runs is kept. A note may be lost at any time: then there is none. */
export interface NotePlace {
  readonly stateDirectory: string
  /** The kind of note: a folder of the state directory. */
  readonly kind: 'unchanged' | 'reported'
  /** Tells the runs that share a note from others. */
  readonly key: string
}

/** Longer notes are not kept: to read them would take as long as to look. In bytes. */
const MAX_SIZE = 4 * 2 ** 20

/** Bytes of a digest in hexadecimal. */
const DIGEST = 64

/** Reads a note, a value of JSON; null when there is none that can be relied on. */
export function readNote(place: NotePlace): unknown {
  const path = pathOf(place)
  return orNothing(() => {
    requireOwn(place)
    const text = readIfThere(path, MAX_SIZE)?.toString() ?? ''
    const json = text.slice(DIGEST)
    return text.startsWith(hexDigest(json)) ? (JSON.parse(json) as unknown) : null
  })
}

/** Writes a note, if that can be done. */
export function writeNote(place: NotePlace, value: unknown): void {
  const json = JSON.stringify(value)
  const bytes = Buffer.from(hexDigest(json) + json)
  if (bytes.length > MAX_SIZE) return
  orNothing(() => {
    requireOwn(place)
    replaceFile(pathOf(place), [bytes])
  })
}

/** Removes a note, if that can be done. */
export function removeNote(place: NotePlace): void {
  orNothing(() => {
    rmSync(pathOf(place), { force: true })
  })
}

/** @throws BtkitError when others could have written what is there, or could change where it goes */
function requireOwn(place: NotePlace): void {
  for (const each of [place.stateDirectory, dirname(pathOf(place))]) requireOwnDirectory(each)
}

function pathOf({ stateDirectory, kind, key }: NotePlace): string {
  return join(stateDirectory, kind, hexDigest(key).slice(0, 32))
}

function hexDigest(text: string): string {
  return digestOf('sha256', text).toString('hex')
}

/** Null where the system or its rules stand in the way. */
function orNothing<T>(act: () => T): T | null {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof BtkitError) && osCodeOf(error) === undefined) throw error
    return null
  }
}
