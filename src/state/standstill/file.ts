import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../../digest.js'
import { BtkitError, osCodeOf } from '../../errors.js'
import { requireOwnDirectory } from '../own-directory.js'
import { replaceFile } from '../torrents/file.js'
import { readIfThere } from '../torrents/regular-file.js'

/** A run of completedir that found nothing to do. Without the note of it, the next one looks again. */
export interface Standstill {
  /** A digest of all that it went by. */
  readonly seen: string
  /** What it reported, as JSON. */
  readonly report: unknown
}

/** Which runs a note is of. */
export interface StandstillPlace {
  readonly stateDirectory: string
  /** Tells them from those over other directories. */
  readonly key: string
}

/** Longer notes are not kept: to read them would take as long as to look. In bytes. */
const MAX_SIZE = 4 * 2 ** 20

/** Bytes of a digest in hexadecimal. */
const DIGEST = 64

/** Reads a note; null when there is none that can be relied on. */
export function readStandstill(place: StandstillPlace): Standstill | null {
  const path = pathOf(place)
  return orNothing(() => {
    requireOwn(place)
    const text = readIfThere(path, MAX_SIZE)?.toString() ?? ''
    const json = text.slice(DIGEST)
    return text.startsWith(hexDigest(json)) ? (JSON.parse(json) as Standstill) : null
  })
}

/** Writes a note, if that can be done. */
export function writeStandstill(place: StandstillPlace, standstill: Standstill): void {
  const json = JSON.stringify(standstill)
  const bytes = Buffer.from(hexDigest(json) + json)
  if (bytes.length > MAX_SIZE) return
  orNothing(() => {
    requireOwn(place)
    replaceFile(pathOf(place), [bytes])
  })
}

/** Whether a note says that the last run had something to do, as the next ones may have then. */
export function isBusy(note: Standstill | null): boolean {
  return note?.seen === BUSY
}

/** Notes that a run had something to do, in place of what an earlier one saw that had not. */
export function noteBusy(place: StandstillPlace): void {
  if (!isBusy(readStandstill(place))) writeStandstill(place, { seen: BUSY, report: null })
}

/** Notes that a run had nothing to do, but did not see all. */
export function noteNotBusy(place: StandstillPlace): void {
  orNothing(() => {
    rmSync(pathOf(place), { force: true })
  })
}

/** @throws BtkitError when others could have written what is there, or could change where it goes */
function requireOwn(place: StandstillPlace): void {
  for (const each of [place.stateDirectory, dirname(pathOf(place))]) requireOwnDirectory(each)
}

/** Stands in the place of a digest. */
const BUSY = 'busy'

function pathOf({ stateDirectory, key }: StandstillPlace): string {
  return join(stateDirectory, 'standstill', hexDigest(key).slice(0, 32))
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
