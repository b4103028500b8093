import { SHA1, SHA256 } from '../../../metainfo/sizes.js'
import { FINGERPRINT_LENGTH } from '../../file-lists/fingerprint.js'

/** Small files of a directory. */
export interface BlockKey {
  /**
   * The meaning of the digests: roots of Merkle trees, or SHA-1 of a file with zeros up to a piece length
   * in bytes.
   */
  readonly of: 'roots' | number
  /** The real path of the first file; for the first files of a directory, that of the directory. */
  readonly path: string
}

/** A digest of each of some small files, which need no record of their own. */
export interface BlockRecord {
  /** The names in the directory, each ended by a NUL. */
  readonly names: Uint8Array
  /** The fingerprints of the files when they were read. */
  readonly fingerprints: Uint8Array
  readonly digests: Uint8Array
}

/** The name of a block's record. */
export function blockName({ of, path }: BlockKey): string {
  return `${of} ${path}`
}

const COUNT_LENGTH = 4

/** Encodes a record: the number of files, their fingerprints, their digests, and their names. */
export function packBlock({ names, fingerprints, digests }: BlockRecord): Uint8Array {
  const count = Buffer.alloc(COUNT_LENGTH)
  count.writeUInt32LE(fingerprints.length / FINGERPRINT_LENGTH)
  return Buffer.concat([count, fingerprints, digests, names])
}

/** Decodes a record into views; null if its shape does not match the key. */
export function unpackBlock(body: Uint8Array, { of }: BlockKey): BlockRecord | null {
  if (body.length < COUNT_LENGTH) return null
  const count = new DataView(body.buffer, body.byteOffset).getUint32(0, true)
  const digestsAt = COUNT_LENGTH + count * FINGERPRINT_LENGTH
  const namesAt = digestsAt + count * digestLength(of)
  const names = body.subarray(namesAt)
  let ends = 0
  for (const byte of names) if (byte === 0) ends++
  if (body.length < namesAt || ends !== count || (count > 0 && names.at(-1) !== 0)) return null
  return {
    names,
    fingerprints: body.subarray(COUNT_LENGTH, digestsAt),
    digests: body.subarray(digestsAt, namesAt),
  }
}

/** Returns the bytes of a digest. */
export function digestLength(of: BlockKey['of']): number {
  return of === 'roots' ? SHA256 : SHA1
}
