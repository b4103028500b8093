import { digestOf, isSameBytes } from '../../../base/bytes.js'
import {
  differencesOf,
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  type Fingerprint,
} from '../../../disk/file-lists/fingerprint.js'
import {
  isSameFile,
  trustedPart,
  TRUSTED_LENGTH,
  type CacheTrust,
} from '../../../disk/cache/trust.js'
import { encodeBencode } from '../../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../../metainfo/bencode/value.js'
import type { UncutContent } from '../../digests/content.js'
import { NumberedNames } from '../../../base/text/numbered-names.js'
import { isSuspect } from '../../../disk/look/read-names.js'
import { shownPath } from '../../../disk/write/directory.js'
import type { FileListing } from '../../../disk/look/stat-files.js'
import { listName } from '../../checksums/lists.js'
import { torrentName, type DirectoryEntry, type SourceDirectory } from '../target/directories.js'
import type { OwnFile } from '../target/own-file.js'
import type { TargetDirectory } from '../target/targets.js'
import type { CompleteRequest, CompleteRun } from '../request.js'

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
  const {
    parts: { extraKeys, ...parts },
    private: isPrivate,
    sourceTag,
    pieceLength,
    extraKeys: infoKeys,
    scan: { attributes },
    isAligned,
    targetPieces,
    maxTorrentSize,
    maxPieceLength,
    version,
    creationDate: _date,
    // The content has its files, and this order
    order: _order,
    write: _write,
    ...others
  } = common
  const createdBy = isOwnCreator(parts.createdBy) ? 0 : parts.createdBy
  const options: unknown[] = [{ ...parts, createdBy }, isPrivate, sourceTag, pieceLength]
  // As an object, so that no option is mistaken for another
  const further = {
    keys: encodedKeys(extraKeys),
    infoKeys: encodedKeys(infoKeys),
    attributes,
    isAligned,
    mostPieces: targetPieces,
    largestTorrent: maxTorrentSize,
    longestPiece: maxPieceLength,
    version: version === 'v1' ? undefined : version,
    remake: existing.remake,
    keepTrackers: existing.keepTrackers,
    // Torrents of other piece lengths follow a default only if the command line names it
    isPieceLengthAsked: existing.asked.includes('piece length'),
    // Whatever else torrents are asked
    ...others,
  }
  if (Object.values(further).some(Boolean)) options.push(further)
  return digestOf('sha256', JSON.stringify(options)).subarray(0, OPTIONS_LENGTH)
}

/** The parts of a run on which its torrents depend, beside content. */
export type RunRules = Pick<CompleteRun, 'request' | 'options'>

/** Returns a run as it is for the entries of a directory, whose torrents may name other seeds. */
export function runIn<T extends RunRules>(webSeeds: readonly string[] | undefined, run: T): T {
  if (webSeeds === undefined || webSeeds === run.request.common.parts.webSeeds) return run
  const request = withSeeds(run.request, webSeeds)
  return { ...run, request, options: digestOptions(request) }
}

/** Does the same for a directory whose bytes may come from servers. */
export function runOf<T extends CompleteRun>({ branch, remote }: SourceDirectory, run: T): T {
  if (!remote) return runIn(branch?.webSeeds, run)
  return { ...runIn(remote.seeds, run), hashContext: remote.hashing(run.hashContext) }
}

/** Returns a run as it is for an entry: one of a list may be its own seed. */
export function runFor<T extends CompleteRun>({ name, directory }: DirectoryEntry, run: T): T {
  const { remote } = directory
  // The address counts as a part of its state
  return remote ? { ...run, request: withSeeds(run.request, remote.seedsOf(name)) } : run
}

function withSeeds(request: CompleteRequest, webSeeds: readonly string[]): CompleteRequest {
  const { common } = request
  return { ...request, common: { ...common, parts: { ...common.parts, webSeeds } } }
}

/** Returns a text of further keys, by which they are compared; undefined if there are none. */
export function encodedKeys(keys: BencodeDict | undefined): string | undefined {
  return keys?.size ? Buffer.from(encodeBencode(keys)).toString('hex') : undefined
}

/** Whether two creators mean the same. */
export function isSameCreator(a: string | null, b: string | null): boolean {
  return a === b || (isOwnCreator(a) && isOwnCreator(b))
}

/** Whether a creator is btkit, which no option needs to name. */
export function isOwnCreator(creator: string | null): boolean {
  return creator !== null && OWN_CREATOR.test(creator)
}

/**
 * Computes the digest of everything that a torrent depends on: equal inputs make equal torrents.
 * `infoInput` returns the digest of the inputs of its `info`.
 */
export function torrentInput(
  { isDirectory, files }: UncutContent,
  infoInput: () => Uint8Array,
  { options, hashContext }: CompleteRun,
): Uint8Array {
  const { trust } = hashContext.cacheAccess
  // The trusted part of a fingerprint must show all changes that a torrent contains
  if (isDirectory || (trust !== 'full' && files.attributesAt(0) !== undefined))
    return Buffer.concat([infoInput(), options])
  const trusted = trustedPart(files.encodedAt(0), trust)
  // Not from the shared pool, which it would keep in memory until the torrent is written
  const input = Buffer.alloc(trusted.length + options.length)
  input.set(trusted)
  input.set(options, trusted.length)
  return input
}

/** Bytes of the digest of an `info`'s inputs. */
const INFO_INPUT = 32

/**
 * Returns the input digest of a directory's `info`; null if the torrent is not one of a directory.
 */
export function infoInputOf(input: Uint8Array): Uint8Array | null {
  return input.length === INFO_INPUT + OPTIONS_LENGTH ? input.subarray(0, INFO_INPUT) : null
}

/**
 * Whether the file that was found at an output's path was made from the same input, and not changed
 * since. UnchangedEntries asks the same for many plain files at once.
 */
export function isUntouched(
  { record, source, input }: OwnFile,
  found: Fingerprint | null,
): boolean {
  if (!found || record?.source !== source || !isSameBytes(record.input, input)) return false
  return isSameFile(record.fingerprint, encodeFingerprint(found), 'full')
}

/** Says why isUntouched is false. */
export function whyTouched(own: OwnFile, isDirectory: boolean): string {
  const { record, source, input, place } = own
  if (!record) return 'btkit has no record of its torrent'
  if (record.source !== source) return `its torrent was made of ${record.source}`
  const cut = Math.max(0, input.length - OPTIONS_LENGTH)
  const [before, now] = [record.input, input].map((each) => Buffer.from(each).subarray(0, cut))
  if (record.input.length === 0) return 'it was being written when its torrent was made'
  if (before && now && !before.equals(now)) {
    const isSameKind = !isDirectory && record.input.length === input.length
    return `${isSameKind ? differencesOf(before, now) : 'its files, or options of its info,'} changed`
  }
  if (Buffer.compare(record.input, input) !== 0) return 'the options are others'
  return `${shownPath(place)} was changed or removed since`
}

/** The entries of a directory, and the files that are made of them. */
export interface ListedEntries extends Pick<SourceDirectory, 'place' | 'states'> {
  readonly targetDirectory: Pick<TargetDirectory, 'log' | 'states'>
}

/**
 * Recognizes the entries of a directory that did not change, nor any file that is made of them, by
 * the listings and the records. Fastest if entries are asked for in their order.
 */
export class UnchangedEntries {
  readonly #states: FileListing
  readonly #sources: NumberedNames
  /** For each file that is made of an entry, whether that has its identity. */
  readonly #isUnchanged: readonly ((name: string) => boolean)[]
  // Filled for each entry, because arrays of its own would be garbage at once
  readonly #source: { readonly directory: string; name: string }
  readonly #fileInput: Uint8Array
  readonly #trusted: number
  readonly #hasTrusted: boolean
  readonly #torrents: NumberedNames
  #input: Uint8Array

  constructor(
    { place, states, targetDirectory }: ListedEntries,
    run: RunRules & { readonly trust: CacheTrust },
  ) {
    const { trust } = run
    const { checksums, common } = run.request
    this.#states = states
    this.#sources = new NumberedNames(states.names)
    this.#torrents = new NumberedNames(targetDirectory.states.names)
    this.#source = { directory: place, name: '' }
    // With these options, attributes may change without changing the trusted part of the
    // fingerprint
    this.#hasTrusted = !(common.scan.attributes && trust === 'mtime')
    this.#trusted = TRUSTED_LENGTH[trust]
    this.#fileInput = this.#input = Buffer.alloc(this.#trusted + run.options.length)
    this.#fileInput.set(run.options, this.#trusted)
    this.#isUnchanged = [null, ...checksums].map((checksum) =>
      this.#comparerOf(targetDirectory, (name) =>
        checksum === null ? torrentName(name) : listName(name, checksum),
      ),
    )
  }

  /** Returns a function that says whether the file of an entry has the identity. */
  #comparerOf({ log, states }: ListedEntries['targetDirectory'], fileOf: (name: string) => string) {
    const files = new NumberedNames(states.names)
    const fingerprint = Buffer.alloc(FINGERPRINT_LENGTH)
    return (name: string) => {
      const file = fileOf(name)
      const number = files.numberOf(file)
      if (number === undefined || !states.table.copyTo(fingerprint, number, FINGERPRINT_LENGTH))
        return false
      return log.isUnchanged(file, { source: this.#source, input: this.#input, fingerprint })
    }
  }

  /** Returns the size of a file; null if it changed; undefined if it is not a plain file. */
  sizeOfFile(name: string): number | null | undefined {
    const { table } = this.#states
    const number = this.#sources.numberOf(name)
    if (number === undefined || !table.copyTo(this.#fileInput, number, this.#trusted))
      return undefined
    const isSame = this.#hasTrusted && this.hasInput(name, this.#fileInput)
    return isSame ? table.sizeAt(number) : null
  }

  /** Whether an entry was listed as a directory. */
  isDirectory(name: string): boolean {
    const number = this.#sources.numberOf(name)
    // Another name may be shown as this one
    return number !== undefined && !isSuspect(name) && this.#states.table.isDirectory(number)
  }

  /** Whether a torrent of an entry is there, so that it may be unchanged. */
  hasTorrent(name: string): boolean {
    return this.#torrents.numberOf(torrentName(name)) !== undefined
  }

  /** Whether the files made of an entry have this input, and are as they were written. */
  hasInput(name: string, input: Uint8Array): boolean {
    this.#source.name = name
    this.#input = input
    // Another file may seem to have that name
    return !isSuspect(name) && this.#isUnchanged.every((ask) => ask(name))
  }
}
