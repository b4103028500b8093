import { join } from 'node:path'
import { digestOf } from '../../bytes.js'
import {
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  readFingerprintIfThere,
} from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { trustedPart, TRUSTED_LENGTH, type CacheTrust } from '../digests/cache-trust.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { toHex } from '../../state/torrent-log.js'
import type { InfoRequest } from '../digests/info.js'
import type { SourceDirectory, EntryLook } from './directories.js'
import type { OwnFile } from './own-file.js'
import type { CompleteRequest, CompleteRun } from './request.js'

/**
 * Matches btkit's own creator. It changes with btkit's version, which is not a reason to rewrite a
 * torrent.
 */
const OWN_CREATOR = /^btkit \S+$/

/** Bytes of a digest that suffice to distinguish sets of options. */
const OPTIONS_LENGTH = 16

/**
 * Computes a digest of everything except content that all torrents of a run depend on. The creation
 * date is left out, because it alone is not a reason to rewrite a torrent.
 */
export function digestOptions({
  common,
  existing,
}: Pick<CompleteRequest, 'common' | 'existing'>): Uint8Array {
  const { extraKeys, ...parts } = common.parts
  const { private: isPrivate, sourceTag, pieceLength, write } = common
  const createdBy =
    parts.createdBy !== null && OWN_CREATOR.test(parts.createdBy) ? 0 : parts.createdBy
  const options: unknown[] = [{ ...parts, createdBy }, isPrivate, sourceTag, pieceLength]
  const { mode, owner } = write
  if (mode !== undefined || owner !== undefined) options.push(mode ?? null, owner ?? null)
  // As an object, so that no option is mistaken for another
  const further = {
    keys: encodedKeys(extraKeys),
    infoKeys: encodedKeys(common.extraKeys),
    attributes: common.scan.attributes,
    isAligned: common.isAligned,
    mostPieces: common.mostPieces,
    largestTorrent: common.largestTorrent,
    shortestPiece: common.shortestPiece,
    longestPiece: common.longestPiece,
    version: common.version === 'v1' ? undefined : common.version,
    remake: existing.remake,
    keepTrackers: existing.keepTrackers,
    // The default; torrents of other piece lengths only follow it if the command line names it
    isAutomaticAsked: pieceLength === 'auto' && existing.asked.includes('piece length'),
  }
  if (Object.values(further).some(Boolean)) options.push(further)
  return digestOf('sha256', JSON.stringify(options)).subarray(0, OPTIONS_LENGTH)
}

function encodedKeys(keys: BencodeDict | undefined): string | undefined {
  return keys?.size ? Buffer.from(encodeBencode(keys)).toString('hex') : undefined
}

/** Whether two creators mean the same. */
export function isSameCreator(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && OWN_CREATOR.test(a) && OWN_CREATOR.test(b))
}

/**
 * Computes the digest of everything that a torrent depends on: equal inputs make equal torrents.
 */
export function torrentInput(request: InfoRequest, run: CompleteRun): Uint8Array {
  const { content } = request
  const { options, hashContext } = run
  const [file] = content.files
  const { trust } = hashContext.cacheAccess
  const isSingle = file && !content.isDirectory && isSeenInStat(file, trust)
  if (!isSingle) return Buffer.concat([request.input, options])
  return fileInput(encodeFingerprint(file.fingerprint), options, trust)
}

/** Bytes of the digest of an `info`'s inputs. */
const INFO_INPUT = 32

/**
 * Returns the input digest of a directory's `info`; null if the torrent is not one of a directory.
 */
export function infoInputOf(input: Uint8Array): Uint8Array | null {
  return input.length === INFO_INPUT + OPTIONS_LENGTH ? input.subarray(0, INFO_INPUT) : null
}

/** Whether the trusted part of a file's fingerprint shows all changes that a torrent contains. */
function isSeenInStat({ attributes }: ScannedFile, trust: CacheTrust): boolean {
  return trust === 'full' || attributes === undefined
}

function fileInput(fingerprint: Uint8Array, options: Uint8Array, trust: CacheTrust): Uint8Array {
  const trusted = trustedPart(fingerprint, trust)
  // Not from the shared pool, which it would keep in memory until the torrent is written
  const input = Buffer.alloc(trusted.length + options.length)
  input.set(trusted)
  input.set(options, trusted.length)
  return input
}

/**
 * Whether the existing file at an output's path was made from the same input, and not changed
 * since. unchangedSizes asks the same for many plain files at once.
 */
export function isUntouched({
  target,
  file,
  source,
  input,
  path,
}: Pick<OwnFile, 'target' | 'file' | 'source' | 'input' | 'path'>): boolean {
  const found = readFingerprintIfThere(path)
  if (found === null) return false
  return target.log.isUnchanged(file, { source, input, fingerprint: encodeFingerprint(found) })
}

/**
 * Returns a function for a range of a directory's entries. It returns the size of entry number `i`
 * if neither it nor any file that is made of it changed, else null.
 */
export function unchangedSizes(
  { names, sources, outputs }: EntryLook,
  { realDirectory, targetDirectory: { log } }: SourceDirectory,
  run: CompleteRun,
): (i: number) => number | null {
  const { trust } = run.hashContext.cacheAccess
  // With these options, attributes may change without changing the trusted part of the fingerprint
  if (run.request.common.scan.attributes && trust === 'mtime') return () => null
  const prefix = join(realDirectory, '/')
  const options = toHex(run.options)
  return (i) => {
    const source = sources.hexAt(i, TRUSTED_LENGTH[trust])
    if (source === null) return null
    const name = names[i] ?? ''
    const isUnchanged = outputs.every(({ nameOf, table }) => {
      const fingerprint = table.hexAt(i, FINGERPRINT_LENGTH)
      if (fingerprint === null) return false
      const identity = { source: prefix + name, input: source + options, fingerprint }
      return log.matches(nameOf(name), identity)
    })
    return isUnchanged ? sources.sizeAt(i) : null
  }
}
