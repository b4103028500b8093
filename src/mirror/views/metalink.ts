import type { Steps } from '../../core/digests/steps.js'
import { fileAddress } from '../../metainfo/trackers.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import { xml, Xml } from '../../text/xml.js'

/** Pieces of which a metalink names the digests: those of 64 GiB. */
const MOST_PIECES = 2 ** 16

/** Pieces that are written in one step. */
const STEP = 1000

const SHA1 = 20

/** What a metalink says of a file. */
export interface MetalinkFile {
  readonly path: readonly string[]
  readonly size: number
  readonly sha256: Uint8Array
  /** Those of its pieces, if they are there; see renderingPieces. */
  readonly pieces: Xml | null
  /** Where its .torrent is; null where it has none. */
  readonly torrent: string | null
  /** Addresses of the roots of the mirrors that have it. */
  readonly mirrors: readonly string[]
}

/** The metalink of a file (RFC 5854): how to get it, and how to tell that it is right. */
export function renderMetalink(file: MetalinkFile): string {
  const { path, size, sha256, pieces, torrent, mirrors } = file
  const urls = mirrors.map((mirror, i) => {
    return xml`
    <url priority="${i + 1}">${fileAddress(mirror, path)}</url>`
  })
  const metaUrl =
    torrent === null
      ? null
      : xml`
    <metaurl mediatype="torrent">${torrent}</metaurl>`
  const document = xml`<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="${path.at(-1) ?? ''}">
    <size>${size}</size>
    <hash type="sha-256">${Buffer.from(sha256).toString('hex')}</hash>${pieces}${metaUrl}${urls}
  </file>
</metalink>
`
  return document.text
}

/** The digests of the pieces of a torrent's `info`, in steps; nothing where there are too many. */
export function* renderingPieces(info: Uint8Array): Steps<Xml | null> {
  const { value } = readBencode(info, { maxSize: info.length, maxDepth: 4 })
  if (!(value instanceof Map)) return null
  const [pieces, pieceLength] = [value.get('pieces'), value.get('piece length')]
  if (
    !isByteString(pieces) ||
    typeof pieceLength !== 'number' ||
    pieces.length > MOST_PIECES * SHA1
  )
    return null
  const hex = Buffer.from(pieces).toString('hex')
  const lines = [`\n    <pieces length="${pieceLength}" type="sha-1">`]
  for (let at = 0; at < hex.length; at += 2 * SHA1) {
    if (at % (2 * SHA1 * STEP) === 0) yield
    lines.push(`\n      <hash>${hex.slice(at, at + 2 * SHA1)}</hash>`)
  }
  return new Xml(`${lines.join('')}\n    </pieces>`)
}
