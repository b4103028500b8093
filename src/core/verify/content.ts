import type { Resolved } from '../../files/resolve-inside.js'
import {
  concatenateFiles,
  ZEROS,
  type ContentStream,
  type StreamFile,
} from '../../hash/stream/content-stream.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { Content } from '../digests/content.js'
import { markPieces } from './ranges.js'

/** A file of the torrent, and what stands in its place. */
export interface FoundFile {
  readonly file: MetainfoFile
  readonly found: Resolved
}

/** The content as far as it is there. */
export interface TorrentStream {
  /** As long as the torrent says: what is not there is laid as NO_FILE. */
  readonly stream: ContentStream
  /** A byte for each piece: 1 where it runs through bytes that are not there. */
  readonly marks: Uint8Array
  /** The same as a scan would have found it, by which a cache knows it; null when it is not whole. */
  readonly asScanned: Content | null
}

/** Lays the files of a torrent as the stream that its pieces were cut from. */
export function streamTorrent(files: readonly FoundFile[], pieceLength: number): TorrentStream {
  const size = files.reduce((sum, { file }) => sum + file.length, 0)
  const marks = new Uint8Array(Math.ceil(size / pieceLength))
  let end = 0
  const parts = files.flatMap((found) => {
    end += found.file.length
    const parts = streamFile(found)
    const absent = found.file.padding ? 0 : found.file.length - foundLength(found)
    if (absent > 0) markPieces(marks, [end - absent, end], pieceLength)
    return parts
  })
  return {
    stream: concatenateFiles(parts, pieceLength),
    marks,
    asScanned: asScanned(files, pieceLength),
  }
}

function asScanned(found: readonly FoundFile[], pieceLength: number): Content | null {
  const files = found.flatMap(({ file, found }) => {
    const isWhole = found.kind === 'file' && found.fingerprint.size === file.length
    const { path } = file
    return isWhole ? [{ path, absolutePath: found.path, fingerprint: found.fingerprint }] : []
  })
  // Pad files have no path to be known by
  if (files.length < found.length) return null
  const size = files.reduce((sum, { fingerprint }) => sum + fingerprint.size, 0)
  const pieceCount = Math.ceil(size / pieceLength)
  return { name: '', isDirectory: true, skipped: [], files, size, pieceLength, pieceCount }
}

/** How many of a file's bytes are there, at most as many as it should have. */
export function foundLength({ file, found }: FoundFile): number {
  return found.kind === 'file' ? Math.min(found.fingerprint.size, file.length) : 0
}

function streamFile({ file, found }: FoundFile): StreamFile[] {
  if (file.padding || found.kind !== 'file') return [{ path: ZEROS, length: file.length }]
  const length = foundLength({ file, found })
  return [
    { path: found.path, length, identity: found.fingerprint },
    { path: ZEROS, length: file.length - length },
  ]
}
