import { BtkitError } from '../errors.js'
import { readFingerprint, sameFingerprint } from '../files/fingerprint.js'
import type { ScannedFile } from '../files/scanned-tree.js'
import { layStream } from '../hash/content-stream.js'
import { hashStream, type HashOptions } from '../hash/hash-stream.js'
import type { Content } from './content.js'

export type Engine = Omit<HashOptions, 'algorithm' | 'pieces'>

/**
 * Hashes content and makes sure that no file of it changed between the scan and the last read.
 * @throws BtkitError `changed` naming the file, and those of hashStream
 */
export async function hashContent(content: Content, engine: Engine): Promise<Uint8Array> {
  const files = content.files.map((file) => ({
    path: file.absolutePath,
    length: file.fingerprint.size,
  }))
  const stream = layStream(files, content.pieceLength)
  const pieces = await hashStream(stream, { ...engine, algorithm: 'sha1' })
  content.files.forEach(checkUnchanged)
  return pieces
}

function checkUnchanged(file: ScannedFile): void {
  if (!sameFingerprint(readFingerprint(file.absolutePath), file.fingerprint)) {
    throw new BtkitError('changed', `${file.absolutePath}: changed while it was read`)
  }
}
