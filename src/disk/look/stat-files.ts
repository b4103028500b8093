import { accessSync, lstatSync, statSync, type BigIntStats, type Stats, constants } from 'node:fs'
import { join } from 'node:path'
import { latin1 } from '../../base/bytes.js'
import { loadNative } from '../../base/native-addon.js'
import { isRaw, rawPath } from '../../base/text/raw-path.js'
import {
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  fingerprintOf,
  readFingerprintIfThere,
  readEncodedFingerprint,
  type Fingerprint,
} from '../file-lists/fingerprint.js'
import type { ListedColumns } from '../file-lists/file-store.js'
import { FingerprintTable } from '../file-lists/fingerprint-table.js'
import { NameColumn } from '../file-lists/name-column.js'
import { readNames } from './read-names.js'
import { asBtkitError, osCodeOf, systemError, tryOr, valueOr } from '../../base/errors.js'
import { lstat, stat } from 'node:fs/promises'

/** The names in a directory, sorted by bytes, and their fingerprints in the same order. */
export interface FileListing {
  readonly names: readonly string[]
  readonly table: FingerprintTable
}

/** The listing of an empty directory. */
export const NO_FILES: FileListing = { names: [], table: new FingerprintTable(new Uint8Array(0)) }

/** A listing of the native addon. Its names end with NULs; null stands for an error. */
type NativeListing = { readonly names: Buffer; readonly fingerprints: Int32Array } | null

type ListFiles = (directory: string) => Promise<NativeListing>

const FILES_IN_ROOM = 2048

/** Room for most listings: memory of their own for very many would only be freed much later. */
export class ListingRoom {
  readonly names = Buffer.allocUnsafeSlow(64 * 1024)
  readonly fingerprints = new Uint8Array(FILES_IN_ROOM * FINGERPRINT_LENGTH)
  readonly starts = new Uint32Array(FILES_IN_ROOM + 1)
}

/** The native addon's function: the number of names if the room is enough. */
type ListFilesNow = (
  directory: string,
  names: Uint8Array,
  fingerprints: Uint8Array,
) => NativeListing | number

/**
 * Lists a directory and examines its files, without following links. A listing of plain files only
 * must be used before the next call with this room.
 * @throws system errors unchanged
 */
export function listColumns(
  directory: string,
  room: ListingRoom,
  native: ListFilesNow | null = nativeListNow,
): ListedColumns {
  const listed = native?.(directory, room.names, room.fingerprints)
  if (typeof listed === 'number') return listingInRoom(listed, room)
  if (listed) return { names: NameColumn.of(listed.names), table: tableOf(listed.fingerprints) }
  const { names, table } = listInTurn(directory)
  const column = new NameColumn()
  for (const name of names) column.add(name)
  return { names: column, table }
}

function listingInRoom(count: number, room: ListingRoom): ListedColumns {
  const bytes = room.fingerprints.subarray(0, count * FINGERPRINT_LENGTH)
  const table = new FingerprintTable(bytes)
  const names = NameColumn.of(room.names, count, room.starts)
  for (let i = 0; i < count; i++) {
    // While something else is visited, other directories are listed
    if (!table.isThere(i))
      return { names: names.copy(), table: new FingerprintTable(bytes.slice()) }
  }
  return { names, table }
}

/**
 * Lists a directory and examines its files, while other work runs if the native addon is there.
 * Names that are not UTF-8 are mangled, as readNames says.
 * @throws system errors unchanged
 */
export async function listFiles(
  directory: string,
  native: ListFiles | null = nativeList,
): Promise<FileListing> {
  const listed = await native?.(directory)
  // Finds out why there is none
  if (!listed) return listInTurn(directory)
  const { names, fingerprints } = listed
  return { names: splitNames(names), table: tableOf(fingerprints) }
}

/** Returns the names of a listing as texts, and a copy of its states, which stay. */
export function textsOf({ names, table }: ListedColumns): FileListing {
  return { names: splitNames(names.used), table: new FingerprintTable(table.bytes.slice()) }
}

/** One string for all is decoded once. */
function splitNames(names: Buffer): string[] {
  return names.length > 0 ? names.toString('utf8', 0, names.length - 1).split('\0') : []
}

function listInTurn(directory: string): FileListing {
  const names = readNames(directory)
  const table = new FingerprintTable(new Uint8Array(FINGERPRINT_LENGTH * names.length))
  for (const [i, name] of names.entries()) {
    try {
      const stats = lstatSync(join(directory, name), { bigint: true, throwIfNoEntry: false })
      if (stats?.isFile()) table.set(i, fingerprintOf(stats))
      if (stats?.isDirectory()) table.markDirectory(i)
    } catch {
      // The later attempt to open the file reports the error
    }
  }
  return { names, table }
}

function tableOf({ buffer, byteOffset, byteLength }: Int32Array): FingerprintTable {
  return new FingerprintTable(new Uint8Array(buffer, byteOffset, byteLength))
}

/** The native addon's functions for listFiles and listColumns; null if the addon is missing. */
export const nativeList =
  loadNative<{ listFilesAsync: ListFiles }>('listFilesAsync')?.listFilesAsync ?? null
export const nativeListNow = loadNative<{ listFiles: ListFilesNow }>('listFiles')?.listFiles ?? null

/** The state of the entry at a path; null if it is gone or cannot be looked at. */
export function lookAt(path: string): Fingerprint | null {
  // A path through something that is no longer a directory, or not accessible, leads to no file
  return valueOr(null, () => readFingerprintIfThere(path))
}

/**
 * Examines the entry at a path; follows links. Returns null if it does not exist. `shown` is the
 * path for messages.
 * @throws BtkitError `not-permitted` or `io`
 */
export function statIfThere(path: string, shown = path): Stats | null {
  try {
    // An exception takes ten times as long, and for new files most paths do not exist
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    const code = osCodeOf(error)
    // A magnet link in the place of a path may be too long for one
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null
    throw asBtkitError(error, shown)
  }
}

/** Whether two paths lead to the same file or directory. */
export function isSamePlace(one: string, other: string): boolean {
  const options = { bigint: true, throwIfNoEntry: false } as const
  const [a, b] = [one, other].map((path) => tryOr(undefined, () => statSync(path, options)))
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev
}

/** Whether this process may use a path in this way, such as `constants.R_OK`. */
export function mayAccess(path: string, mode: number): boolean {
  return tryOr(false, () => {
    accessSync(path, mode)
    return true
  })
}

/** The state of a path. */
export interface PathState {
  readonly fingerprint: Fingerprint
  /** File type and permissions, as `st_mode`. */
  readonly mode: number
}

/**
 * The native addon's function. Its result has several words for each path; see native/stat_files.h.
 */
export type LstatPaths = (paths: readonly string[], directory?: string) => Promise<Int32Array>

/**
 * Examines many paths without following links, and never on the event loop. Relative paths begin in
 * `directory`, if that is given. If a path cannot be examined, its result is an error with the
 * system's code.
 */
export function lstatMany(
  paths: readonly string[],
  native: LstatPaths | null = nativeLstat,
  directory?: string,
): Promise<(PathState | Error)[]> {
  // The addon takes texts
  if (native && !paths.some(isRaw)) return lstatTogether(paths, native, directory)
  return Promise.all(paths.map((path) => lstatAlone(directory ? join(directory, path) : path)))
}

/**
 * Returns for each path a text that identifies the state of the regular file there, or of the one
 * that a link leads to; null if there is none. Never looks on the event loop.
 */
export async function stampsOf(paths: readonly string[]): Promise<(string | null)[]> {
  const stamps: (string | null)[] = []
  for (const [i, state] of (await lstatMany(paths)).entries()) {
    const isLink = 'mode' in state && isOfKind(state, constants.S_IFLNK)
    const isFile = 'mode' in state && isOfKind(state, constants.S_IFREG)
    const target = isLink ? await stat(paths[i] ?? '', { bigint: true }).catch(() => null) : null
    if (isFile) stamps.push(stampOf(state.fingerprint))
    else stamps.push(target?.isFile() ? stampOf(fingerprintOf(target)) : null)
  }
  return stamps
}

/** Returns the stamp of what is at a path, also of a link itself; null if nothing is there. */
export async function ownStampOf(path: string): Promise<string | null> {
  const [now] = await lstatMany([path])
  return now && 'mode' in now ? stampOf(now.fingerprint) : null
}

/** A text that identifies the state of a file. */
export function stampOf(fingerprint: Fingerprint): string {
  return latin1(encodeFingerprint(fingerprint))
}

/** Whether a mode has this file type, such as `constants.S_IFREG`. */
export function isOfKind({ mode }: Pick<PathState, 'mode'>, kind: number): boolean {
  return (mode & constants.S_IFMT) === kind
}

/** The native addon's function; null if the addon is missing. */
export const nativeLstat =
  loadNative<{ lstatPathsAsync: LstatPaths }>('lstatPathsAsync')?.lstatPathsAsync ?? null

const MODE_WORD = FINGERPRINT_LENGTH / Int32Array.BYTES_PER_ELEMENT
const ERROR_WORD = MODE_WORD + 1
const WORDS = ERROR_WORD + 1

async function lstatTogether(paths: readonly string[], native: LstatPaths, directory?: string) {
  const words = await native(paths, directory)
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength)
  return paths.map((path, i) => {
    const errno = words[i * WORDS + ERROR_WORD] ?? 0
    if (errno !== 0) return systemError(-errno, 'lstat', path)
    const fingerprint = readEncodedFingerprint(view, i * WORDS * Int32Array.BYTES_PER_ELEMENT)
    return { fingerprint, mode: words[i * WORDS + MODE_WORD] ?? 0 }
  })
}

export function pathState(stats: BigIntStats): PathState {
  return { fingerprint: fingerprintOf(stats), mode: Number(stats.mode) }
}

async function lstatAlone(path: string): Promise<PathState | Error> {
  try {
    return pathState(await lstat(rawPath(path), { bigint: true }))
  } catch (error) {
    return error as Error
  }
}
