import { join } from 'node:path'
import { digestOf } from '../../digest.js'
import { encodeFingerprint, sizeInFingerprint } from '../../files/fingerprint.js'
import { statFiles, type FingerprintTable } from '../../files/stat-files.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { trustedPart, type CacheTrust } from '../digests/cache-trust.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { listName } from '../checksums/lists.js'
import type { InfoRequest } from '../digests/info.js'
import { torrentName, type SourceDirectory } from './directories.js'
import type { CompleteRequest, CompleteRun } from './request.js'

/** btkit's own creators differ by its version, which is no reason to write a torrent anew. */
const OWN_CREATOR = /^btkit \S+$/

/** What of a digest is enough to tell option sets apart. */
const OPTIONS_LENGTH = 16

/**
 * What all torrents of a run depend on beside their content, digested; their creation date is left
 * out, as it alone is no reason to write one anew.
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
  // As an object, so that none of them is taken for another
  const further = {
    keys: encodedKeys(extraKeys),
    infoKeys: encodedKeys(common.extraKeys),
    attributes: common.scan.attributes,
    isAligned: common.isAligned,
    mostPieces: common.mostPieces,
    largestTorrent: common.largestTorrent,
    longestPiece: common.longestPiece,
    version: common.version === 'v1' ? undefined : common.version,
    remake: existing.remake,
    keepTrackers: existing.keepTrackers,
    // The default, which reaches torrents of other lengths only if somebody asked for it
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

/** All that the torrent of some content depends on: equal inputs make equal torrents. */
export function torrentInput(request: InfoRequest, run: CompleteRun): Uint8Array {
  const { content } = request
  const { options, hashContext } = run
  const [file] = content.files
  const { trust } = hashContext.cacheAccess
  const isSingle = file && !content.isDirectory && isSeenInStat(file, trust)
  if (!isSingle) return Buffer.concat([request.input, options])
  return fileInput(encodeFingerprint(file.fingerprint), options, trust)
}

/** Bytes of the digest of what an `info` is made from. */
const INFO_INPUT = 32

/** What the `info` of a directory's torrent was made from; null for what is no directory's. */
export function infoInputOf(input: Uint8Array): Uint8Array | null {
  return input.length === INFO_INPUT + OPTIONS_LENGTH ? input.subarray(0, INFO_INPUT) : null
}

/** Whether what is trusted of a file's fingerprint shows all changes of what a torrent says of it. */
function isSeenInStat({ attributes }: ScannedFile, trust: CacheTrust): boolean {
  return trust === 'full' || attributes === undefined
}

function fileInput(fingerprint: Uint8Array, options: Uint8Array, trust: CacheTrust): Uint8Array {
  const trusted = trustedPart(fingerprint, trust)
  // No part of memory that many share: it stays until the torrent is written
  const input = Buffer.alloc(trusted.length + options.length)
  input.set(trusted)
  input.set(options, trusted.length)
  return input
}

/** Entries of a directory looked at in one go, between two looks at what else there is to do. */
const WINDOW = 4096

/** Some entries of a directory. */
export interface UnchangedWindow {
  readonly names: readonly string[]
  /** The size of the entry number `i` when neither it nor its torrent changed, else null. */
  readonly unchangedSize: (i: number) => number | null
}

/** Tells which plain files of a directory need no closer look, a window of them at a time. */
export function* findUnchanged(
  directory: SourceDirectory,
  run: CompleteRun,
): Generator<UnchangedWindow> {
  for (let first = 0; first < directory.names.length; first += WINDOW) {
    const names = directory.names.slice(first, first + WINDOW)
    const sources = statFiles(directory.realDirectory, names)
    const outputs = namersOf(run).map((nameOf) => {
      return { nameOf, table: statFiles(directory.targetDirectory.realPath, names.map(nameOf)) }
    })
    yield { names, unchangedSize: comparer(names, { directory, run, sources, outputs }) }
  }
}

/** What names the files that a run makes of an entry: its torrent, and its lists of checksums. */
function namersOf({ request }: CompleteRun): ((name: string) => string)[] {
  const lists = request.checksums.map((checksum) => (name: string) => listName(name, checksum))
  return [torrentName, ...lists]
}

interface Seen {
  readonly directory: SourceDirectory
  readonly run: CompleteRun
  readonly sources: FingerprintTable
  /** For each file that is made of an entry, what names it, and how it looks. */
  readonly outputs: readonly Output[]
}

interface Output {
  readonly nameOf: (name: string) => string
  readonly table: FingerprintTable
}

function comparer(names: readonly string[], seen: Seen): (i: number) => number | null {
  const { directory, run, sources, outputs } = seen
  const { log } = directory.targetDirectory
  const { trust } = run.hashContext.cacheAccess
  // What may be run can change without a sign of it in what is trusted
  if (run.request.common.scan.attributes && trust === 'mtime') return () => null
  const prefix = join(directory.realDirectory, '/')
  return (i) => {
    const source = sources.at(i)
    if (!source) return null
    const name = names[i] ?? ''
    const input = fileInput(source, run.options, trust)
    const isUnchanged = outputs.every(({ nameOf, table }) => {
      const fingerprint = table.at(i)
      if (!fingerprint) return false
      return log.isUnchanged(nameOf(name), { source: prefix + name, input, fingerprint })
    })
    return isUnchanged ? sizeInFingerprint(source) : null
  }
}
