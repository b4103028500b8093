import { parseListName } from '../../checksums/lists.js'
import type { ExistingFile } from '../target/own-file.js'
import { valueOr } from '../../../base/errors.js'
import { digestOf, isSameBytes, latin1, sha256 } from '../../../base/bytes.js'
import { encodeFingerprint, MTIME_OFFSET } from '../../../disk/file-lists/fingerprint.js'
import { readWhole } from '../../../disk/look/read-bounded.js'
import { actPath, fingerprintAt, shownPath, type FilePlace } from '../../../disk/write/directory.js'
import { encodedValue, spliceTopLevel } from '../../../metainfo/edit/splice-torrent.js'
import type { TorrentCore } from '../../../metainfo/build/torrent.js'
import { infoBytes, type Metainfo } from '../../../metainfo/metainfo.js'
import { parseMetainfo } from '../../../metainfo/parse/metainfo.js'
import { decodeBencode } from '../../../metainfo/bencode/decode.js'
import {
  encodeTiers,
  encodeTracker,
  readTiers,
  readTrackers,
} from '../../../metainfo/edit/trackers.js'
import type { KeyDigests, TorrentDigests, TorrentRecord } from '../../../disk/state/torrent-log.js'
import { MAX_TORRENT } from '../../../metainfo/sizes.js'

/** The parts of a torrent: the description of its content, and the other encoded values. */
export interface TorrentValues extends TorrentCore {
  readonly beside: ReadonlyMap<string, Uint8Array>
}

/** The keys that describe the content. Layers are only valid with their own `info`. */
const CORE: ReadonlySet<string> = new Set(['info', 'piece layers'])

/** The parts that a torrent should have. */
export interface WantedValues extends TorrentValues {
  /** The keys whose changes alone are not a reason to write a torrent. */
  readonly incidental: readonly string[]
}

/** Largest list of checksums in bytes; no torrent could have the content of a larger one. */
const MAX_LIST = 1024 * 1024 * 1024

/**
 * Reads a torrent or a list, which was found in a state; null if there is none.
 * @throws BtkitError if it cannot be read
 */
export function readExisting(place: FilePlace, found = fingerprintAt(place)): ExistingFile | null {
  if (!found) return null
  const shown = shownPath(place)
  const isTorrent = parseListName(shown) === null
  const bytes = readWhole(actPath(place), isTorrent ? MAX_TORRENT : MAX_LIST, { shown })
  const parse = () => parseMetainfo(bytes, { maxSize: MAX_TORRENT })
  const metainfo = isTorrent ? valueOr(null, parse) : null
  return { bytes, fingerprint: encodeFingerprint(found), digest: sha256(bytes), metainfo }
}

/** Whether it is a file of 0 bytes, as a full disk or a crash leaves it. */
export function isEmptyFile({ bytes, fingerprint }: ExistingFile): boolean {
  // A link target or a device may be empty for a reason
  return bytes.length === 0 && fingerprint.subarray(0, MTIME_OFFSET).every((byte) => byte === 0)
}

/**
 * Computes the digests that identify a torrent. `values` are those that btkit would write, whether
 * edited or not.
 */
export function digestTorrent(
  file: Uint8Array,
  values: TorrentValues,
): TorrentDigests & { readonly keys: KeyDigests } {
  return { file: sha256(file), info: sha256(values.info), keys: digestKeys(values.beside) }
}

/** Returns the digest of each value. */
export function digestKeys(values: Iterable<readonly [string, Uint8Array]>): KeyDigests {
  return Object.fromEntries(Array.from(values, ([key, value]) => [key, digestValue(value)]))
}

/**
 * Finds the file of btkit that an existing one is; a torrent even if edited outside `info`. Null if
 * it cannot be recognized.
 */
export function recognize(
  { metainfo, digest }: ExistingFile,
  { written, replaced }: TorrentRecord,
): TorrentDigests | null {
  const candidates = replaced ? [written, replaced] : [written]
  const same = candidates.find(({ file }) => isSameBytes(file, digest))
  if (same || !metainfo) return same ?? null
  const now = sha256(infoBytes(metainfo))
  return candidates.find(({ info }) => info !== null && isSameBytes(info, now)) ?? null
}

/** Whether a torrent or list is as btkit wrote or adopted it, or an empty file. */
export function isUnedited(existing: ExistingFile, record: TorrentRecord): boolean {
  if (isEmptyFile(existing)) return true
  const written = recognize(existing, record)
  const { metainfo } = existing
  if (!written || !metainfo) return written !== null
  const { keys, foreign = {} } = written
  const isAsAdopted = (key: string) => {
    const value = encodedValue(metainfo, key)
    return (value ? digestValue(value) : '') === foreign[key]
  }
  const all = new Set([...metainfo.spans.keys(), ...Object.keys(keys ?? {})])
  return [...all].every((key) => {
    return CORE.has(key) || !isEdited(metainfo, key, keys ?? {}) || isAsAdopted(key)
  })
}

/** Whether somebody changed, removed or added the value of a key since btkit wrote it. */
function isEdited(metainfo: Metainfo, key: string, written: KeyDigests): boolean {
  const value = encodedValue(metainfo, key)
  return (value && digestValue(value)) !== written[key]
}

/**
 * Returns an existing torrent with the wanted values, except edited ones, which are preserved. In
 * an edited tracker list, a tracker of btkit follows the announce URL. Returns the same bytes if
 * only incidental values would change.
 */
export function refreshTorrent(
  existing: Metainfo,
  wanted: WantedValues,
  written: KeyDigests,
): Uint8Array {
  const top = new Map<string, Uint8Array | null>()
  for (const key of new Set([...existing.spans.keys(), ...wanted.beside.keys()])) {
    const isOurs = !CORE.has(key) && !isEdited(existing, key, written)
    if (isOurs) top.set(key, wanted.beside.get(key) ?? null)
  }
  const list = moveTracker(existing, wanted.beside, written)
  if (list !== undefined) top.set('announce-list', list)
  top.set('info', wanted.info)
  top.set('piece layers', wanted.pieceLayers)
  const isSame = ([key, value]: readonly [string, Uint8Array | null]) =>
    wanted.incidental.includes(key) || isSameBytes(value, encodedValue(existing, key) ?? null)
  return [...top].every(isSame) ? existing.bytes : spliceTopLevel(existing, top)
}

/** Returns the current parts of a torrent. */
export function valuesOf(metainfo: Metainfo): TorrentValues {
  const beside = new Map<string, Uint8Array>()
  for (const key of metainfo.spans.keys()) {
    const value = encodedValue(metainfo, key)
    if (value && !CORE.has(key)) beside.set(key, value)
  }
  const pieceLayers = encodedValue(metainfo, 'piece layers') ?? null
  return { info: infoBytes(metainfo), pieceLayers, beside }
}

// Clients that support announce lists ignore trackers outside them (BEP 12). Therefore the list and
// the announce URL are kept consistent, although they are edited separately.

/**
 * Updates an edited announce list. The wanted announce URL replaces the one that btkit wrote, or
 * that one is removed if the list already has the wanted one. Returns the encoded list; null if no
 * tracker is left; undefined if the list does not change. `written` has the digests of the values
 * that btkit wrote.
 */
function moveTracker(
  existing: Metainfo,
  wanted: TorrentValues['beside'],
  written: KeyDigests,
): Uint8Array | null | undefined {
  const { announce: before } = written
  const now = wanted.get('announce')
  const isMoved = before !== undefined && before !== (now && digestValue(now))
  if (!isMoved || !isEdited(existing, 'announce-list', written)) return undefined
  const { tiers } = readTrackers(existing)
  const isOld = (url: string) => digestValue(encodeTracker(url)) === before
  if (!tiers?.flat().some(isOld)) return undefined
  const url = now ? latin1(decodeBencode(now) as Uint8Array) : null
  const next = url === null || tiers.flat().includes(url) ? [] : [url]
  // Only the first one is replaced
  const replaced = tiers.map((tier) =>
    tier.flatMap((other) => (isOld(other) ? next.splice(0) : other)),
  )
  const left = replaced.filter((tier) => tier.length > 0)
  return left.length > 0 ? encodeTiers(left) : null
}

/**
 * Returns the wanted values. An edited announce URL becomes the first tier of the announce list, if
 * btkit wrote the list and the list does not have the URL.
 */
export function joinAnnounce(
  existing: Metainfo,
  wanted: TorrentValues['beside'],
  written: KeyDigests,
): TorrentValues['beside'] {
  const list = wanted.get('announce-list')
  if (!list || isEdited(existing, 'announce-list', written)) return wanted
  if (!isEdited(existing, 'announce', written)) return wanted
  const { announce } = readTrackers(existing)
  if (announce === null) return wanted
  const tiers = readTiers(decodeBencode(list)) ?? []
  if (tiers.flat().includes(announce)) return wanted
  return new Map(wanted).set('announce-list', encodeTiers([[announce], ...tiers]))
}

/** Bytes of the digest that shows whether a value was edited. */
const KEY_DIGEST = 6

/** Returns the digest that shows whether the encoded value of a key was edited. */
function digestValue(value: Uint8Array): string {
  return digestOf('sha256', value).toString('base64', 0, KEY_DIGEST)
}
