import { Buffer } from 'node:buffer'
import { digestOf } from '../digest.js'
import type { Metainfo, MetainfoVersion, UnhashedMetainfo } from './metainfo.js'

/** The info hashes of a torrent, in hexadecimal; null for the one that it has not. */
export type InfoHashes = Pick<Metainfo, 'infoHash' | 'infoHashV2'>

/** The v1 info hash, in hexadecimal. */
export function infoHashOf(info: Uint8Array): string {
  return digestOf('sha1', info).toString('hex')
}

/** The info hashes of a torrent of that version. */
export function infoHashesOf(info: Uint8Array, version: MetainfoVersion): InfoHashes {
  return {
    infoHash: version === 'v2' ? null : infoHashOf(info),
    infoHashV2: version === 'v1' ? null : digestOf('sha256', info).toString('hex'),
  }
}

/** A torrent with its info hashes, of the bytes as they stand: encoding them again could change them. */
export function withInfoHashes(metainfo: UnhashedMetainfo): Metainfo {
  return Object.assign(metainfo, infoHashesOf(infoBytes(metainfo), metainfo.version))
}

/** Whether the `info` of two torrents has the same bytes, and so the same hashes. */
export function hasSameInfo(a: UnhashedMetainfo, b: UnhashedMetainfo): boolean {
  return Buffer.compare(infoBytes(a), infoBytes(b)) === 0
}

function infoBytes({ bytes, infoSpan }: UnhashedMetainfo): Uint8Array {
  return bytes.subarray(infoSpan.start, infoSpan.end)
}
