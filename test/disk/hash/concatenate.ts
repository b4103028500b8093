import { basename } from 'node:path'
import { streamOf } from '../../../src/core/digests/hash-content.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'
import { padFile } from '../../../src/disk/file-lists/scanned-file.js'
import type { ContentStream } from '../../../src/disk/hash/stream/content-stream.js'

/** A file of a stream: its path, or ZEROS for padding, and its length in bytes. */
export interface StreamFile {
  readonly path: string
  readonly length: number
  /** Set for all files of a stream or for none. Another file at the path is not read. */
  readonly identity?: { readonly device: bigint; readonly inode: bigint }
}

/** Joins files to a stream. */
export function concatenateFiles(files: readonly StreamFile[], pieceLength: number): ContentStream {
  const scanned = files.map(({ path, length, identity }) => {
    const fingerprint = { ...padFile([], length).fingerprint, ...identity }
    return { path: [basename(path)], absolutePath: path, fingerprint }
  })
  const isGuarded = files.some(({ identity }) => identity !== undefined)
  return streamOf({ files: FileColumns.of(scanned), pieceLength }, { isGuarded })
}
