import { type CheckedRecord, forEachInTurns, shrinkTo } from '../../disk/cache/maintain.js'
import { filesOf, parseBlockName, unpackBlock } from '../../disk/cache/records/block.js'
import { parseFileRecordName } from '../../disk/cache/records/bodies.js'
import {
  dayOf,
  DAYS_BETWEEN_NOTES,
  packRecord,
  type RecordKind,
  unpackRecord,
} from '../../disk/cache/records/record.js'
import type { Store } from '../../disk/cache/store/store.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../disk/file-lists/fingerprint.js'
import { isSameFile, type CacheAccess, type CacheTrust } from '../digests/cache-trust.js'

/**
 * Days without use after which records are removed, by kind. Records that cost more to recreate
 * stay longer.
 */
const KEPT_FOR: Readonly<Record<RecordKind, number>> = {
  info: 30,
  layers: 30,
  set: 30,
  file: 30,
  tree: 30,
  block: 30,
  digest: 30,
  piece: 365,
}

/** Days until the first record used today may be removed. */
const SHORTEST = DAYS_BETWEEN_NOTES + Math.min(...Object.values(KEPT_FOR))

/**
 * Removes the records of a cache that were unused for long. If a size in bytes is given, it also removes
 * records above it. Runs that find nothing to do use no records, so records of files stay while the
 * files are unchanged.
 */
export async function tidyCache(
  { cache, trust, now }: CacheAccess,
  maxSize: number | null,
): Promise<void> {
  const { store } = cache
  const today = dayOf(now())
  const due = readDue(store)
  // All records of a new cache were used
  if (due === null) noteDue(store, today + DAYS_BETWEEN_NOTES)
  // A day far in the future comes from a wrong clock
  else if (due <= today || due > today + SHORTEST) {
    noteDue(store, await removeUseless(store, today, trust))
    await store.flush()
  }
  if (maxSize !== null) await shrinkTo(store, maxSize)
}

/** The key of the day when the next record may be due. */
const DUE_KEY = Buffer.from('m/next-due')

/** Returns null if the store has no such day. */
function readDue(store: Store): number | null {
  const day = store.get(DUE_KEY)
  return day?.length === 4 ? Buffer.from(day).readUInt32LE() : null
}

function noteDue(store: Store, day: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(day)
  store.put(DUE_KEY, bytes)
}

/** Removes unused records. Returns the day when the next one is due, a week from now at the earliest. */
async function removeUseless(store: Store, today: number, trust: CacheTrust): Promise<number> {
  let next = today + SHORTEST
  await forEachInTurns(store, (record) => {
    const due = record.lastUsed + DAYS_BETWEEN_NOTES + KEPT_FOR[record.kind]
    if (due > today) {
      next = Math.min(next, due)
      return
    }
    const key = Uint8Array.from(record.key)
    const body = unpackRecord(key, record.value)?.body
    if (body && isOfCurrentFile({ ...record, body }, trust)) {
      store.put(key, packRecord(key, { lastUsed: today, body: Uint8Array.from(body) }))
    } else store.remove(key)
  })
  return Math.max(next, today + DAYS_BETWEEN_NOTES)
}

/** Whether a record belongs to an existing, unchanged file. */
function isOfCurrentFile({ kind, key, body }: CheckedRecord, trust: CacheTrust): boolean {
  if (kind === 'block') return hasCurrentFile(key.subarray(1), body, trust)
  const path = pathOf(kind, key.subarray(1))
  const fingerprint = path === null ? null : readFingerprintIfThere(path)
  if (!fingerprint) return false
  const [length = 0] = body
  const start = kind === 'digest' ? 1 : 2
  return isSameFile(body.subarray(start, start + length), encodeFingerprint(fingerprint), trust)
}

/** Whether one of the files of a block exists and is unchanged. */
function hasCurrentFile(name: Uint8Array, body: Uint8Array, trust: CacheTrust): boolean {
  const key = parseBlockName(name)
  const record = key && unpackBlock(body, key)
  if (!record) return false
  return filesOf(record, key).some(({ path, fingerprint }) => {
    const now = readFingerprintIfThere(path)
    return now !== null && isSameFile(fingerprint, encodeFingerprint(now), trust)
  })
}

/**
 * Returns the path in the name of a record; null if it has none. Very long paths are not in the
 * name.
 */
function pathOf(kind: RecordKind, name: Uint8Array): string | null {
  if (kind === 'file') return parseFileRecordName(name)?.path ?? null
  const text = Buffer.from(name).toString()
  if (kind === 'digest') return text.slice(text.indexOf(' ') + 1)
  return kind === 'tree' ? text : null
}
