import { Buffer } from 'node:buffer'
import { digestOf } from '../bytes.js'
import type { Metainfo, MetainfoVersion, UnhashedMetainfo } from './metainfo.js'

/**
 * The info hashes of a torrent in hexadecimal; null for a version that the torrent does not have.
 */
export type InfoHashes = Pick<Metainfo, 'infoHash' | 'infoHashV2'>

/** Returns the v1 info hash in hexadecimal. */
export function infoHashOf(info: Uint8Array): string {
  return digestOf('sha1', info).toString('hex')
}

/** Returns the info hashes of a torrent of this version. */
export function infoHashesOf(info: Uint8Array, version: MetainfoVersion): InfoHashes {
  return {
    infoHash: version === 'v2' ? null : infoHashOf(info),
    infoHashV2: version === 'v1' ? null : digestOf('sha256', info).toString('hex'),
  }
}

/**
 * Adds the info hashes to a torrent. They are computed from the original bytes, because encoding
 * `info` again could change it.
 */
export function withInfoHashes(metainfo: UnhashedMetainfo): Metainfo {
  return Object.assign(metainfo, infoHashesOf(infoBytes(metainfo), metainfo.version))
}

/** Whether two torrents have the same `info` bytes, and therefore the same info hashes. */
export function hasSameInfo(a: UnhashedMetainfo, b: UnhashedMetainfo): boolean {
  return Buffer.compare(infoBytes(a), infoBytes(b)) === 0
}

function infoBytes({ bytes, infoSpan }: UnhashedMetainfo): Uint8Array {
  return bytes.subarray(infoSpan.start, infoSpan.end)
}
