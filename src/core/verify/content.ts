import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { changesOf } from '../../files/look-again.js'
import { isRaw } from '../../text/raw-path.js'
import { makeInsideResolver, type ResolveInside, type Resolved } from '../../files/inside.js'
import { FileColumns } from '../../files/columns.js'
import { padFile, type ScannedFile } from '../../files/scanned-file.js'
import {
  concatenateFiles,
  ZEROS,
  type ContentStream,
  type StreamFile,
} from '../../hash/stream/content-stream.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import type { PieceLength } from '../../metainfo/values.js'
import type { Content } from '../digests/content.js'

/** The files of a torrent, wherever they are. */
export interface LocatedContent {
  /** In the given order. */
  readonly files: readonly FoundFile[]
  /**
   * The directory of a torrent with several files; null for a single file, or if it does not exist.
   */
  readonly directory: string | null
  readonly place: DataPlace
}

/** The path of a torrent's files. */
export interface DataPlace {
  readonly path: string
  /** Whether this is the path of the single file, instead of the directory above the files. */
  readonly isFile: boolean
}

/** Where the content of a torrent is looked for. */
export interface Whereabouts {
  /** The content, or the directory that contains it under the torrent's name. */
  readonly path: string
  /** Whether `path` contains the content; false if it is the content, undefined if it may be both. */
  readonly byName?: boolean | undefined
  /** Whether links may lead out of `path`. */
  readonly followSymlinks?: boolean
  /** Whether to find names that are not UTF-8; the caller must open them as bytes (rawPath). */
  readonly rawNames?: boolean
}

/** Returns the path at which a file of a torrent is looked for. */
export function pathIn({ path, isFile }: DataPlace, below: readonly string[]): string {
  return isFile ? path : join(path, ...below)
}

/**
 * Looks for the files of a torrent, which are in stream order. Opens none. If `path` may be the
 * content and may contain it, the place counts where more files have their size.
 *
 * @throws BtkitError `unsafe-path` if the torrent's name is a link that leads out of `path`, `io`
 *   for a file instead of a directory, and as makeInsideResolver
 */
export function findContent(
  { name, isDirectory }: Metainfo,
  files: readonly MetainfoFile[],
  { path, byName, followSymlinks, rawNames }: Whereabouts,
): LocatedContent {
  const resolve = makeInsideResolver(path, { followSymlinks, rawNames })
  const root = resolve([])
  if (root.kind !== 'directory') {
    if (isDirectory)
      throw new BtkitError('io', `${path}: not a directory, but the torrent is of a directory`)
    return {
      files: findFiles(files, () => root),
      directory: null,
      place: { path, isFile: true },
    }
  }
  const itself = () => ({
    files: findFiles(files, resolve),
    directory: isDirectory ? path : null,
    place: { path, isFile: false },
  })
  if (!isDirectory || byName === false) return itself()
  const { kind } = resolve([name])
  if (kind !== 'directory' && kind !== 'outside' && byName === undefined) return itself()
  const below = join(path, name)
  const named = {
    files: findFiles(files, (components) => resolve([name, ...components])),
    directory: kind === 'directory' ? below : null,
    place: { path: below, isFile: false },
  }
  const found = countSized(named.files)
  if (byName === undefined && found < files.filter(({ padding }) => !padding).length) {
    const other = itself()
    if (countSized(other.files) > found) return other
  }
  if (kind !== 'outside') return named
  throw new BtkitError(
    'unsafe-path',
    `${below}: is a link that leads out of ${path}; --follow-symlinks allows that`,
  )
}

/** Returns the number of files that have the size that the torrent says. */
function countSized(files: readonly FoundFile[]): number {
  return files.filter(isSized).length
}

/** Whether a file exists with the size that the torrent says. */
export function isSized({ file, found }: FoundFile): boolean {
  return found.kind === 'file' && found.fingerprint.size === file.length
}

/** A file of the torrent, and what exists at its path. */
export interface FoundFile {
  readonly file: MetainfoFile
  readonly found: Resolved
  /** Its range in the stream in bytes. */
  readonly stretch: Interval
}

/** Returns the files of a torrent, which are in stream order, and what `find` finds at their paths. */
export function findFiles(files: readonly MetainfoFile[], find: ResolveInside): FoundFile[] {
  let end = 0
  return files.map((file) => {
    const start = end
    end += file.length
    const found: Resolved = file.padding ? { kind: 'missing' } : find(file.path)
    return { file, found, stretch: [start, end] }
  })
}

/** Returns how many of a file's bytes exist, at most its expected length. */
function foundLength({ file, found }: FoundFile): number {
  return found.kind === 'file' ? Math.min(found.fingerprint.size, file.length) : 0
}

/** Creates the states of the pieces. Pieces with missing bytes are UNCHECKED. */
export function markAbsent(files: readonly FoundFile[], pieceLength: PieceLength): PieceStates {
  const size = files.at(-1)?.stretch[1] ?? 0
  const states = new Uint8Array(Math.ceil(size / pieceLength))
  const pieces = { states, pieceLength, size }
  for (const found of files) {
    const [start, end] = found.stretch
    if (!found.file.padding) markUnchecked(pieces, [start + foundLength(found), end])
  }
  return pieces
}

/** Returns the stream of a torrent's pieces with its full length. Missing bytes are zeros. */
export function streamFiles(files: readonly FoundFile[], pieceLength: number): ContentStream {
  return concatenateFiles(files.flatMap(streamFile), pieceLength)
}

function streamFile(found: FoundFile): StreamFile[] {
  const { length } = found.file
  if (found.file.padding || found.found.kind !== 'file') return [{ path: ZEROS, length }]
  const { path, fingerprint } = found.found
  const there = foundLength(found)
  return [
    { path, length: there, identity: fingerprint },
    { path: ZEROS, length: length - there },
  ]
}

/**
 * Returns the files as a scan would, for lookups in a cache; null if one is incomplete, or has a name
 * that is not UTF-8.
 */
export function scannedContent(
  found: readonly FoundFile[],
  { version, pieceLength }: Pick<Metainfo, 'version' | 'pieceLength'>,
): Content | null {
  const scanned = found.flatMap(({ file, found }): ScannedFile[] => {
    if (file.padding && version !== 'v1') return [padFile(file.path, file.length)]
    const isWhole = found.kind === 'file' && found.fingerprint.size === file.length
    const { path } = file
    return isWhole && !isRaw(found.path)
      ? [{ path, absolutePath: found.path, fingerprint: found.fingerprint }]
      : []
  })
  if (scanned.length < found.length) return null
  const files = FileColumns.of(scanned)
  const { size } = files
  const pieceCount = Math.ceil(size / pieceLength)
  return {
    version,
    name: '',
    isDirectory: true,
    isAligned: version !== 'v1',
    skipped: [],
    files,
    size,
    pieceLength,
    pieceCount,
  }
}

/** Returns what happened to files that changed since they were looked for, by real path. */
export function changedFiles(files: readonly FoundFile[]): Map<string, string> {
  const states = FileColumns.ofStates(
    files.flatMap(({ found }) => {
      return found.kind === 'file'
        ? [{ absolutePath: found.path, fingerprint: found.fingerprint }]
        : []
    }),
  )
  const changed = new Map<string, string>()
  for (const { number, change } of changesOf(states)) {
    changed.set(states.absolutePathAt(number), change)
  }
  return changed
}

/** A range of bytes: from the first to before the second. */
export type Interval = readonly [from: number, to: number]

/** The states of a piece. All except GOOD are bits, so that several can be tested together. */
export const GOOD = 0
/** Its digest is wrong, and it belongs to a single file. */
export const BAD = 1
/** Its digest is wrong, and each of its files may be the reason. */
export const SUSPECT = 2
/** Some of its bytes could not be read. */
export const UNCHECKED = 4

/** In addition to BAD: its blocks of version 2 are wrong. */
export const BAD_BLOCKS = 8
/** In addition to BAD: it is good in one version of a hybrid. */
export const DISAGREED = 16

/** The pieces of a stream. */
export interface PieceStates {
  /** GOOD, BAD, SUSPECT or UNCHECKED for each piece, and what stands beside BAD. */
  readonly states: Uint8Array
  readonly pieceLength: PieceLength
  /** Bytes of the whole stream; its last piece may be short. */
  readonly size: number
}

/** Marks all pieces of a range of the stream as UNCHECKED. */
export function markUnchecked({ states, pieceLength }: PieceStates, [from, to]: Interval): void {
  if (from === to) return
  states.fill(UNCHECKED, Math.floor(from / pieceLength), Math.ceil(to / pieceLength))
}

/**
 * Returns the bytes of a range of the stream in pieces of the wanted states, relative to the start
 * of the range. Adjacent ranges are joined.
 */
export function rangesOf(
  { states, pieceLength }: PieceStates,
  [from, to]: Interval,
  wanted: number,
): Interval[] {
  const ranges: Interval[] = []
  const end = from === to ? 0 : Math.ceil(to / pieceLength)
  for (let piece = Math.floor(from / pieceLength); piece < end;) {
    let next = piece + 1
    if (isWanted(states, piece, wanted)) {
      while (next < end && isWanted(states, next, wanted)) next++
      const first = Math.max(piece * pieceLength, from)
      ranges.push([first - from, Math.min(next * pieceLength, to) - from])
    }
    piece = next
  }
  return ranges
}

/** Returns the bytes of a range of the stream in pieces that are not UNCHECKED. */
export function countChecked(pieces: PieceStates, stretch: Interval): number {
  const absent = rangesOf(pieces, stretch, UNCHECKED)
  return absent.reduce((rest, [from, to]) => rest - (to - from), stretch[1] - stretch[0])
}

/** Returns the number of pieces in any of the wanted states. */
export function countPieces({ states }: PieceStates, wanted: number): number {
  return states.reduce((count, state) => ((state & wanted) === 0 ? count : count + 1), 0)
}

function isWanted(states: Uint8Array, piece: number, wanted: number): boolean {
  return ((states[piece] ?? 0) & wanted) !== 0
}
