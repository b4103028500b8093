import { createHash } from 'node:crypto'
import { encodeBencode } from '../bencode/encode.js'
import type { BencodeDict } from '../bencode/value.js'

/** What goes into `info`, the part of a torrent that its info hash stands for. */
export interface InfoParts {
  readonly name: string
  /** A number of bytes for a torrent of a single file, else its files in stream order. */
  readonly content: number | readonly InfoFile[]
  /** In bytes. */
  readonly pieceLength: number
  /** SHA-1 digests, 20 bytes each. */
  readonly pieces: Uint8Array
  readonly private: boolean
  readonly source: string | null
}

/** A file of a torrent. */
export interface InfoFile {
  readonly path: readonly string[]
  /** In bytes. */
  readonly length: number
  /** Whether it is marked as a pad file (BEP 47). */
  readonly isPad?: boolean
}

/** Encodes the `info` of a v1 torrent (BEP 3). There is no key for what is false or null. */
export function buildInfo(parts: InfoParts): Uint8Array {
  const info: BencodeDict = new Map()
  if (typeof parts.content === 'number') info.set('length', parts.content)
  else info.set('files', parts.content.map(fileEntry))
  info.set('name', Buffer.from(parts.name))
  info.set('piece length', parts.pieceLength)
  info.set('pieces', parts.pieces)
  if (parts.private) info.set('private', 1)
  if (parts.source !== null) info.set('source', Buffer.from(parts.source))
  return encodeBencode(info)
}

function fileEntry(file: InfoFile): BencodeDict {
  const path = file.path.map((component) => Buffer.from(component))
  const entry: BencodeDict = new Map()
  if (file.isPad) entry.set('attr', Buffer.from('p'))
  return entry.set('length', file.length).set('path', path)
}

/** The v1 info hash, in hexadecimal. */
export function infoHashOf(info: Uint8Array): string {
  return createHash('sha1').update(info).digest('hex')
}
