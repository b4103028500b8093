import { createHash } from 'node:crypto'
import { encodeBencode } from './bencode-encode.js'
import type { BencodeDict } from './bencode-value.js'

/** What goes into `info`, the part of a torrent that its info hash stands for. */
export interface InfoParts {
  readonly name: string
  /** A number of bytes for a torrent of a single file, else its files in stream order. */
  readonly content:
    number | readonly { readonly path: readonly string[]; readonly length: number }[]
  /** In bytes. */
  readonly pieceLength: number
  /** SHA-1 digests, 20 bytes each. */
  readonly pieces: Uint8Array
  readonly private: boolean
  readonly source: string | null
}

/** Encodes the `info` of a v1 torrent (BEP 3). What is false or null leaves no key behind. */
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

function fileEntry(file: { path: readonly string[]; length: number }): BencodeDict {
  const path = file.path.map((component) => Buffer.from(component))
  return new Map<string, number | Buffer[]>([
    ['length', file.length],
    ['path', path],
  ])
}

/** The v1 info hash, in hexadecimal. */
export function infoHashOf(info: Uint8Array): string {
  return createHash('sha1').update(info).digest('hex')
}
