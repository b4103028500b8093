import {
  ownPieces,
  parseFileRecordName,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from '../../cache/records/file.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { hashStream } from '../../hash/hash-stream.js'
import { concatenateFiles, ZEROS } from '../../hash/stream/content-stream.js'
import { isSameFile } from '../digests/cache-trust.js'
import type { Engine } from '../digests/hash-content.js'
import { DIGEST } from '../digests/piece-table.js'
import type { PieceCache } from '../../cache/piece-cache.js'

/** Prepares the check of a record of a file's pieces; null if the file has changed since. */
export function checkPieces({ name, body }: DrawnRecord): RecordCheck | null {
  const keyed = readCurrent(name, body)
  return (
    keyed && {
      path: keyed.key.path,
      isRight: (engine) => isRight(keyed, engine),
      forget: (cache) => {
        cache.forgetFile(keyed.key)
      },
    }
  )
}

interface Keyed {
  readonly key: FileKey
  readonly record: FileRecord
}

/** Returns a record with its key; null if its file has changed since. */
function readCurrent(name: Uint8Array, body: Uint8Array): Keyed | null {
  const parsed = parseFileRecordName(name)
  const fingerprint = parsed && readFingerprintIfThere(parsed.path)
  if (!parsed || !fingerprint) return null
  const key = { ...parsed, size: fingerprint.size }
  const record = unpackFileRecord(body, key)
  return record && isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full')
    ? { key, record }
    : null
}

/** Reads a random piece of the file again and compares its digest. */
async function isRight({ key, record }: Keyed, engine: Engine): Promise<boolean> {
  const { whole, tailLength } = ownPieces(key)
  const ends = [record.tail, record.paddedTail].filter((digest) => digest !== null)
  const digests = Buffer.concat([record.pieces, ...ends])
  const count = whole + ends.length
  if (count === 0) return true
  const chosen = Math.floor(Math.random() * count)
  const expected = digests.subarray(chosen * DIGEST, (chosen + 1) * DIGEST)
  const isPadded = chosen >= whole && expected.equals(record.paddedTail ?? Buffer.of())
  // In the stream the file begins at its phase, after bytes that belong to none of its pieces
  const lead = { path: ZEROS, length: key.phase }
  const pad = { path: ZEROS, length: isPadded ? key.pieceLength - tailLength : 0 }
  const stream = concatenateFiles(
    [lead, { path: key.path, length: key.size }, pad],
    key.pieceLength,
  )
  const piece = Math.min(chosen, whole) + (key.phase > 0 ? 1 : 0)
  const pieces = Uint32Array.of(piece)
  const { pieces: digest } = await hashStream(stream, { ...engine, pieces })
  return Buffer.compare(digest, expected) === 0
}

/** A drawn record: its name without the kind, and its bytes. */
export interface DrawnRecord {
  readonly name: Uint8Array
  readonly body: Uint8Array
}

/** The check of a record whose file is unchanged. */
export interface RecordCheck {
  /** The file's path. */
  readonly path: string
  /** Reads a random part of the file again and compares it. */
  readonly isRight: (engine: Engine) => Promise<boolean>
  readonly forget: (cache: PieceCache) => void
}
