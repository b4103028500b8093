import type { ExistingFile } from '../target/own-file.js'
import { valueOr } from '../../../errors.js'
import { isSameBytes, sha256 } from '../../../bytes.js'
import {
  encodeFingerprint,
  readFingerprintIfThere,
  sizeInFingerprint,
} from '../../../files/fingerprint.js'
import { readBoundedRegular } from '../../../files/read-bounded.js'
import { encodedValue, spliceTorrent } from '../../../metainfo/edit/splice-torrent.js'
import type { TorrentCore } from '../../../metainfo/build/torrent.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { WarningCode } from '../../../metainfo/warning.js'
import { parseMetainfo } from '../../../metainfo/parse/metainfo.js'
import { digestValue, moveTracker } from './moved-trackers.js'
import type { KeyDigests, TorrentDigests, TorrentRecord } from '../../../state/torrent-log.js'
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

/**
 * Reads a torrent; null if there is none.
 * @throws BtkitError if it cannot be read
 */
export function readExisting(path: string): ExistingFile | null {
  const file = readExistingFile(path, MAX_TORRENT)
  return file && { ...file, metainfo: parseOrNull(file.bytes) }
}

/**
 * Reads a list of checksums; null if there is none.
 * @throws BtkitError if it cannot be read
 */
export function readExistingList(path: string): ExistingFile | null {
  return readExistingFile(path, MAX_LIST)
}

/** Largest list in bytes; no torrent could have the content of a larger one. */
const MAX_LIST = 1024 * 1024 * 1024

function readExistingFile(path: string, maxSize: number): ExistingFile | null {
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const bytes = readBoundedRegular(path, maxSize)
  const digest = sha256(bytes)
  return { bytes, fingerprint: encodeFingerprint(fingerprint), digest, metainfo: null }
}

/** Whether the piece layers do not match the `info`, whoever changed them. */
export function hasBadLayers({ metainfo }: ExistingFile): boolean {
  return metainfo?.warnings.some(({ code }) => LAYER_FAULTS.has(code)) ?? false
}

const LAYER_FAULTS: ReadonlySet<WarningCode> = new Set([
  'layer-missing',
  'layer-wrong',
  'layer-unneeded',
])

/** Whether it is a file of 0 bytes, as a full disk or a crash leaves it. */
export function isEmptyFile({ bytes, fingerprint }: ExistingFile): boolean {
  // A link target or a device may be empty for a reason
  return bytes.length === 0 && sizeInFingerprint(fingerprint) === 0
}

/**
 * Computes the digests that identify a torrent. `values` are those that btkit would write, whether
 * edited or not.
 */
export function digestTorrent(
  file: Uint8Array,
  values: TorrentValues,
): TorrentDigests & { readonly keys: KeyDigests } {
  return { file: sha256(file), info: sha256(values.info), keys: digestValues(values.beside) }
}

/** Cached, because torrents of a run may share the values outside `info`. */
const digestsOfBeside = new WeakMap<TorrentValues['beside'], KeyDigests>()

function digestValues(beside: TorrentValues['beside']): KeyDigests {
  const known = digestsOfBeside.get(beside)
  if (known) return known
  const keys = [...beside].map(([key, value]) => [key, digestValue(value)] as const)
  const digests = Object.fromEntries(keys)
  digestsOfBeside.set(beside, digests)
  return digests
}

/**
 * Finds the torrent of btkit that an existing one is, even if edited outside `info`. Null if it
 * cannot be recognized, because its `info` differs.
 */
export function recognize(
  { metainfo, digest }: ExistingFile,
  { written, replaced }: TorrentRecord,
): TorrentDigests | null {
  if (!metainfo) return null
  const candidates = replaced ? [written, replaced] : [written]
  const same = candidates.find(({ file }) => isSameBytes(file, digest))
  if (same) return same
  const now = sha256(valuesOf(metainfo).info)
  return candidates.find(({ info }) => info !== null && isSameBytes(info, now)) ?? null
}

/** Whether somebody changed, removed or added the value of a key since btkit wrote it. */
function isEdited(metainfo: Metainfo, key: string, written: KeyDigests): boolean {
  const value = encodedValue(metainfo, key)
  return (value && digestValue(value)) !== written[key]
}

/** Whether any value outside `info` was edited. */
export function hasEdits(metainfo: Metainfo, written: KeyDigests): boolean {
  const keys = new Set([...metainfo.spans.keys(), ...Object.keys(written)])
  for (const key of CORE) keys.delete(key)
  return [...keys].some((key) => isEdited(metainfo, key, written))
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
  const keys = new Set([...existing.spans.keys(), ...wanted.beside.keys()])
  for (const key of CORE) keys.delete(key)
  const top = new Map<string, Uint8Array | null>()
  for (const key of keys) {
    if (!isEdited(existing, key, written)) top.set(key, wanted.beside.get(key) ?? null)
  }
  const list = moveTracker(existing, wanted.beside, written)
  if (list !== undefined) top.set('announce-list', list)
  top.set('info', wanted.info)
  top.set('piece layers', wanted.pieceLayers)
  const substance = new Map([...top].filter(([key]) => !wanted.incidental.includes(key)))
  if (spliceTorrent(existing, { top: substance }) === existing.bytes) return existing.bytes
  return spliceTorrent(existing, { top })
}

/** Returns the current parts of a torrent. */
export function valuesOf(metainfo: Metainfo): TorrentValues {
  const beside = new Map<string, Uint8Array>()
  for (const key of metainfo.spans.keys()) {
    const value = encodedValue(metainfo, key)
    if (value && !CORE.has(key)) beside.set(key, value)
  }
  const { start, end } = metainfo.infoSpan
  const pieceLayers = encodedValue(metainfo, 'piece layers') ?? null
  return { info: metainfo.bytes.subarray(start, end), pieceLayers, beside }
}

function parseOrNull(bytes: Uint8Array): Metainfo | null {
  return valueOr(null, () => parseMetainfo(bytes, { maxSize: MAX_TORRENT }))
}
