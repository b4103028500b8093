import { join } from 'node:path'
import { digestOf } from '../../bytes.js'
import {
  encodeFingerprint,
  readFingerprintIfThere,
  sizeInFingerprint,
} from '../../files/fingerprint.js'
import { statFiles, type FingerprintTable } from '../../files/stat-files.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { trustedPart, type CacheTrust } from '../digests/cache-trust.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { listName } from '../checksums/lists.js'
import type { InfoRequest } from '../digests/info.js'
import { torrentName, type SourceDirectory } from './directories.js'
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
 * since. findUnchanged asks the same for many plain files at once.
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

/** Entries of a directory that are examined together, before other work can run. */
const WINDOW = 4096

/** A range of a directory's entries. */
export interface UnchangedWindow {
  readonly names: readonly string[]
  /** Returns the size of entry number `i` if neither it nor its torrent changed, else null. */
  readonly unchangedSize: (i: number) => number | null
}

/** Yields ranges of a directory's entries, and which plain files among them are unchanged. */
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

/** Returns functions that name the output files of an entry: its torrent and its lists. */
function namersOf({ request }: CompleteRun): ((name: string) => string)[] {
  const lists = request.checksums.map((checksum) => (name: string) => listName(name, checksum))
  return [torrentName, ...lists]
}

interface Seen {
  readonly directory: SourceDirectory
  readonly run: CompleteRun
  readonly sources: FingerprintTable
  /** For each output file of an entry: the function that names it, and its expected state. */
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
  // With these options, attributes may change without changing the trusted part of the fingerprint
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
