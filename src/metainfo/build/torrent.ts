import { dictParts, encodeBencode, encodeDict, join } from '../bencode/encode.js'
import type { BencodeDict } from '../bencode/value.js'
import { encodeField, TOP_FIELDS, type WrittenFields } from '../fields.js'

/** The values of a torrent outside `info`. Null and empty values get no key. */
export interface TorrentParts extends WrittenFields {
  /** Additional keys. They do not replace the keys of the other values. */
  readonly extraKeys?: BencodeDict | undefined
}

/** The encoded description of a torrent's content. */
export interface TorrentCore {
  readonly info: Uint8Array
  /** The encoded `piece layers` of that `info` (BEP 52); null for a v1 torrent. */
  readonly pieceLayers: Uint8Array | null
}

/** Builds a .torrent from the encoded content, byte for byte, and the other values. */
export function buildTorrent(parts: TorrentParts, core: TorrentCore): Uint8Array {
  return joinTorrent(encodeParts(parts), core)
}

/**
 * Returns the bytes of the same .torrent in parts: values of at least so many bytes are not copied.
 */
export function buildInParts(
  parts: TorrentParts,
  core: TorrentCore,
  leastShared: number,
): Uint8Array[] {
  const built: Uint8Array[] = []
  let small: Uint8Array[] = []
  for (const part of [...dictParts(valuesOf(encodeParts(parts), core)), null]) {
    if (part !== null && part.length < leastShared) {
      small.push(part)
      continue
    }
    built.push(join(small), ...(part ? [part] : []))
    small = []
  }
  return built
}

/** Builds a .torrent from the encoded content and the result of encodeParts. */
export function joinTorrent(
  beside: ReadonlyMap<string, Uint8Array>,
  core: TorrentCore,
): Uint8Array {
  return encodeDict(valuesOf(beside, core))
}

function valuesOf(beside: ReadonlyMap<string, Uint8Array>, { info, pieceLayers }: TorrentCore) {
  const values = new Map(beside).set('info', info)
  if (pieceLayers) values.set('piece layers', pieceLayers)
  return values
}

/** Encodes the values outside `info`, by key. */
export function encodeParts(parts: Partial<TorrentParts>): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  for (const [key, value] of parts.extraKeys ?? []) values.set(key, encodeBencode(value))
  for (const [name, { key }] of TOP_FIELDS) {
    const value = encodeField(name, parts[name])
    if (value !== null) values.set(key, value)
  }
  return values
}
