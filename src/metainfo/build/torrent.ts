import { Buffer } from 'node:buffer'
import { dictParts, encodeBencode, encodeDict, join } from '../bencode/encode.js'
import type { BencodeDict, BencodeValue } from '../bencode/value.js'
import type { DhtNode } from '../metainfo.js'

/** The values of a torrent outside `info`. Null and empty values get no key. */
export interface TorrentParts {
  readonly announce: string | null
  readonly announceList: readonly (readonly string[])[]
  readonly httpSeeds: readonly string[]
  readonly webSeeds: readonly string[]
  readonly nodes: readonly DhtNode[]
  readonly comment: string | null
  readonly createdBy: string | null
  /** Seconds since 1970. */
  readonly creationDate: number | null
  /** Additional keys. They do not replace the keys above. */
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
  for (const [key, value] of topLevelValues(parts)) {
    if (value !== null && value !== undefined) values.set(key, encodeBencode(value))
  }
  return values
}

function topLevelValues(
  parts: Partial<TorrentParts>,
): [key: string, value: BencodeValue | null | undefined][] {
  return [
    ['announce', text(parts.announce)],
    ['announce-list', filled(parts.announceList?.map((tier) => tier.map(bytesOf)))],
    ['comment', text(parts.comment)],
    ['created by', text(parts.createdBy)],
    ['creation date', parts.creationDate],
    ['httpseeds', filled(parts.httpSeeds?.map(bytesOf))],
    ['nodes', filled(parts.nodes?.map(({ host, port }) => [bytesOf(host), port]))],
    ['url-list', filled(parts.webSeeds?.map(bytesOf))],
  ]
}

/** All keys outside `info` that TorrentParts can set, except `extraKeys`. */
export const PART_KEYS: ReadonlySet<string> = new Set(topLevelValues({}).map(([key]) => key))

function filled(list: BencodeValue[] = []): BencodeValue[] | null {
  return list.length > 0 ? list : null
}

function text(value: string | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? bytesOf(value) : null
}

function bytesOf(value: string): Uint8Array {
  return Buffer.from(value)
}
