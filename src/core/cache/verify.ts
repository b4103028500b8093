import {
  ownPieces,
  parseFileRecordName,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from '../../cache/records/file.js'
import { records } from '../../cache/maintain.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { concatenateFiles, ZEROS } from '../../hash/stream/content-stream.js'
import { hashStream } from '../../hash/hash-stream.js'
import type { Engine } from '../digests/hash-content.js'
import { DIGEST } from '../digests/piece-table.js'
import { withCache, type CachePlace } from './access.js'
import { isSameFile } from '../digests/cache-trust.js'

/** What a look at some of a cache's records found. */
export interface CacheCheck {
  /** Records whose file is unchanged; a piece of each was read and hashed again. */
  readonly checked: number
  /** Records of files that changed or went since. Nothing relies on them. */
  readonly stale: number
  /** The paths of files whose records were wrong. These records are removed. */
  readonly wrong: readonly string[]
}

/**
 * Holds a random sample of the records of files against the files themselves.
 * @throws BtkitError when a file can't be read
 */
export function verifyCache(
  place: CachePlace,
  engine: Engine,
  sample: number,
): Promise<CacheCheck> {
  return withCache(place, (cache) => verifyRecords(cache, engine, sample))
}

async function verifyRecords(
  cache: PieceCache,
  engine: Engine,
  sample: number,
): Promise<CacheCheck> {
  const wrong: string[] = []
  let checked = 0
  const drawn = drawRecords(cache, sample)
  for (const { name, body } of drawn) {
    const keyed = readCurrent(name, body)
    if (!keyed) continue
    checked++
    if (await isRight(keyed, engine)) continue
    wrong.push(keyed.key.path)
    cache.forgetFile(keyed.key)
  }
  return { checked, stale: drawn.length - checked, wrong }
}

interface Drawn {
  readonly name: Uint8Array
  readonly body: Uint8Array
}

/** Draws records of files, each with the same chance (reservoir sampling). */
function drawRecords({ store }: PieceCache, sample: number): Drawn[] {
  const drawn: Drawn[] = []
  let seen = 0
  for (const { kind, key, body } of records(store)) {
    if (kind !== 'file') continue
    seen++
    const place = drawn.length < sample ? drawn.length : Math.floor(Math.random() * seen)
    // Copies, for what the store hands out does not last
    if (place < sample)
      drawn[place] = { name: Uint8Array.from(key.subarray(1)), body: Uint8Array.from(body) }
  }
  return drawn
}

interface Keyed {
  readonly key: FileKey
  readonly record: FileRecord
}

/** A record with its key, or null when its file is no longer what was recorded. */
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

/** Reads one of the file's own pieces again, at random. */
async function isRight({ key, record }: Keyed, engine: Engine): Promise<boolean> {
  const { whole, tailLength } = ownPieces(key)
  const ends = [record.tail, record.paddedTail].filter((digest) => digest !== null)
  const digests = Buffer.concat([record.pieces, ...ends])
  const count = whole + ends.length
  if (count === 0) return true
  const chosen = Math.floor(Math.random() * count)
  const expected = digests.subarray(chosen * DIGEST, (chosen + 1) * DIGEST)
  const isPadded = chosen >= whole && expected.equals(record.paddedTail ?? Buffer.of())
  // The file stands in a stream at its phase, after bytes that none of its own pieces holds
  const lead = { path: ZEROS, length: key.phase }
  const pad = { path: ZEROS, length: isPadded ? key.pieceLength - tailLength : 0 }
  const stream = concatenateFiles(
    [lead, { path: key.path, length: key.size }, pad],
    key.pieceLength,
  )
  const piece = Math.min(chosen, whole) + (key.phase > 0 ? 1 : 0)
  const pieces = Uint32Array.of(piece)
  const digest = await hashStream(stream, { ...engine, algorithm: 'sha1', pieces })
  return Buffer.compare(digest, expected) === 0
}
