import { createHash } from 'node:crypto'
import type { PieceCache } from '../../src/cache/piece-cache.js'
import type { OutputRecord } from '../../src/cache/records/output.js'
import { checksum, recordKey } from '../../src/cache/records/record.js'

/** The bytes that version 0.1 wrote into its cache for a torrent. */
export function packOutputRecord(record: OutputRecord): Uint8Array {
  const { input, fingerprint, written, replaced } = record
  const head = Buffer.of(input.length, fingerprint.length, replaced === null ? 0 : 1)
  const source = Buffer.from(record.source)
  return Buffer.concat([head, input, fingerprint, written, replaced ?? new Uint8Array(0), source])
}

/** Puts that into a cache, as version 0.1 did. */
export function putOldOutput({ store }: PieceCache, path: string, record: OutputRecord): void {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
  store.put(recordKey('output', path, sha256), packOldRecord('o', 20_000, packOutputRecord(record)))
}

/** A record as version 0.1 packed it: the letter of its kind, its day, its checksum and its body. */
export function packOldRecord(letter: string, lastUsed: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(9)
  header.write(letter)
  header.writeUInt32LE(lastUsed, 1)
  header.writeUInt32LE(checksum(body), 5)
  return Buffer.concat([header, body])
}
