import { createHash } from 'node:crypto'
import bencode from 'bencode'

/** A torrent decoded by npm's bencode, with text as text and the digests in hexadecimal. */
export interface DecodedTorrent {
  readonly [key: string]: unknown
  readonly info: Readonly<Record<string, unknown>>
}

/** Decodes a torrent without any help of btkit's own reader. */
export function decodeTorrent(bytes: Uint8Array): DecodedTorrent {
  return textual(bencode.decode(Buffer.from(bytes))) as DecodedTorrent
}

/** The info hash, with npm's bencode in place of btkit's own encoder. */
export function independentInfoHash(bytes: Uint8Array): string {
  const { info } = bencode.decode(Buffer.from(bytes)) as { info: object }
  return createHash('sha1').update(bencode.encode(info)).digest('hex')
}

function textual(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (Array.isArray(value)) return value.map(textual)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      key === 'pieces' ? Buffer.from(entry as Uint8Array).toString('hex') : textual(entry),
    ]),
  )
}
