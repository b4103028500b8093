import { fileAddress } from '../../metainfo/trackers.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import { xml, Xml } from '../../text/xml.js'

/** Most pieces whose digests a metalink contains; at 1 MiB each, those of 64 GiB. */
const MOST_PIECES = 2 ** 16

const SHA1 = 20

/** The contents of a metalink. */
export interface MetalinkFile {
  readonly path: readonly string[]
  readonly size: number
  readonly sha256: Uint8Array
  /** The digests of its pieces, if known; see renderPieces. */
  readonly pieces: Xml | null
  /** URL of its .torrent; null if it has none. */
  readonly torrent: string | null
  /** URLs of the roots of its mirrors. */
  readonly mirrors: readonly string[]
}

/** The metalink of a file (RFC 5854): where to download it, and how to verify it. */
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

/** The digests of the pieces in a torrent's `info`; null if there are too many. */
export function renderPieces(info: Uint8Array): Xml | null {
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
    lines.push(`\n      <hash>${hex.slice(at, at + 2 * SHA1)}</hash>`)
  }
  return new Xml(`${lines.join('')}\n    </pieces>`)
}
