import { type CheckedRecord, forEachInTurns, shrinkTo } from '../../disk/cache/maintain.js'
import { filesOf, parseBlockName, unpackBlock } from '../../disk/cache/records/block.js'
import { parseFileRecordName } from '../../disk/cache/records/bodies.js'
import {
  dayOf,
  DAYS_BETWEEN_NOTES,
  isNoteDue,
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
 * Limits the size of a cache after a task. Once a week it removes records that were unused for
 * long. If a size in bytes is given, it also removes records above it, each time. Runs that find
 * nothing to do use no records, so records of files stay while the files are unchanged.
 */
export async function tidyCache(
  { cache, trust, now }: CacheAccess,
  maxSize: number | null,
): Promise<void> {
  const { store } = cache
  const today = dayOf(now())
  const tidied = readDay(store, TIDIED_KEY)
  const isDue = tidied !== null && isNoteDue({ lastUsed: tidied }, today)
  if (tidied === null || isDue) noteDay(store, TIDIED_KEY, today)
  if (isDue && isAnythingDue(store, today)) {
    noteDay(store, NEXT_KEY, await removeUseless(store, today, trust))
    await store.flush()
  }
  if (maxSize !== null) await shrinkTo(store, maxSize)
}

/** The keys of the day of the last maintenance, and of the day when the next record is due. */
const TIDIED_KEY = Buffer.from('m/tidied')
const NEXT_KEY = Buffer.from('m/next-due')

/** Returns null if the store has no such day. */
function readDay(store: Store, key: Uint8Array): number | null {
  const day = store.get(key)
  return day?.length === 4 ? Buffer.from(day).readUInt32LE() : null
}

function noteDay(store: Store, key: Uint8Array, day: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(day)
  store.put(key, bytes)
}

/**
 * Whether any record may be removed. Days in the future are ignored, because they come from a wrong
 * clock.
 */
function isAnythingDue(store: Store, today: number): boolean {
  const next = readDay(store, NEXT_KEY)
  return next === null || next <= today || next > today + SHORTEST
}

/** Removes unused records. Returns the day when the next one is due. */
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
  return next
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
