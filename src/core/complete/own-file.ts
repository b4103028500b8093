import { isSameBytes } from '../../bytes.js'
import { basename, dirname } from 'node:path'
import { BtkitError, valueOr } from '../../errors.js'
import {
  encodeFingerprint,
  readFingerprint,
  readFingerprintIfThere,
} from '../../files/fingerprint.js'
import { hasPermissions, setPermissions } from '../../files/write/permissions.js'
import { TorrentLog, type TorrentDigests, type TorrentRecord } from '../../state/torrent-log.js'
import type { ChecksumName } from '../checksums/list.js'
import { parseListName } from '../checksums/lists.js'
import { entryName, type SourceDirectory } from './directories.js'
import type { CompleteContext, CompleteRun } from './request.js'
import type { TargetDirectory } from './targets.js'

/** A torrent or list in a target that is btkit's, or may become so. */
export interface OwnFile {
  readonly target: TargetDirectory
  /** Its file name in the target. */
  readonly file: string
  /** Its real path. */
  readonly path: string
  /** The path of its entry. */
  readonly source: string
  /** Digest of everything that it depends on; empty if that is unreliable. */
  input: Uint8Array
  /** The existing file at its path. */
  readonly existing: { readonly fingerprint: Uint8Array } | null
  /** The record of the file at that path. */
  readonly record: TorrentRecord | null
  readonly run: CompleteRun
}

/** A file to be written or permitted. */
export interface Act {
  readonly own: OwnFile
  /** The bytes to write; null if only the permissions of the existing file must change. */
  readonly bytes: Uint8Array | null
  /** The digests of the file afterwards. */
  readonly written: TorrentDigests
  /** The digests of the existing file if it is btkit's. */
  readonly replaced: TorrentDigests | null
}

const NOTHING = new Uint8Array(0)

/** Records that an existing file is correct. Returns what its permissions need; null for nothing. */
export function keepOwn(own: OwnFile, written: TorrentDigests): Act | null {
  const { path, existing, input, run } = own
  const { dryRun, common } = run.request
  if (!hasPermissions(path, common.write)) return { own, bytes: null, written, replaced: null }
  if (!dryRun && existing)
    note(own, { input, fingerprint: existing.fingerprint, written, replaced: null })
  return null
}

/**
 * Does what is to be done to a file, unless the run is dry. Whichever version a kill leaves is
 * recorded as btkit's.
 * @throws BtkitError `changed` if the existing file has changed, and as the writer
 */
export async function carryOut({ own, bytes, written, replaced }: Act): Promise<void> {
  const { path, existing, target, run, input } = own
  if (run.request.dryRun) return
  if (bytes === null) {
    setPermissions(path, run.request.common.write, existing?.fingerprint ?? NOTHING)
    note(own, { input, fingerprint: fingerprintOf(path), written, replaced: null })
    return
  }
  requireUntouched(path, existing)
  note(own, { input: NOTHING, fingerprint: NOTHING, written, replaced })
  await target.log.flush()
  const fingerprint = (await write(own, bytes)) ?? fingerprintOf(path)
  note(own, { input, fingerprint, written, replaced: null })
}

function write({ path, existing, run }: OwnFile, bytes: Uint8Array): Promise<Uint8Array | null> {
  const { mode, owner, claim } = run.request.common.write
  const checkUntouched = () => {
    requireUntouched(path, existing)
  }
  return run.writer.write(path, bytes, { mode, owner, claim, checkUntouched })
}

/** Checks that the existing file is unchanged: hashing may have taken hours since the decision. */
function requireUntouched(path: string, existing: OwnFile['existing']): void {
  const fingerprint = readFingerprintIfThere(path)
  const isSame =
    fingerprint && existing
      ? isSameBytes(encodeFingerprint(fingerprint), existing.fingerprint)
      : !fingerprint && !existing
  if (isSame) return
  const what = existing ? 'changed' : 'was made by something else'
  throw new BtkitError(
    'changed',
    `${path}: ${what} while its content was read, so it stays; run the command again`,
  )
}

function note({ target, file, source }: OwnFile, record: Omit<TorrentRecord, 'source'>): void {
  const { input, fingerprint, written, replaced } = record
  // Lists all properties: there may be very many files, and spreading takes several times as long
  target.log.put(file, { source, input, fingerprint, written, replaced })
}

function fingerprintOf(path: string): Uint8Array {
  return encodeFingerprint(readFingerprint(path))
}

/**
 * Returns a function that recognizes, by real path, torrents and lists that this run or earlier
 * ones write to targets. They are never content: a directory with such a file would get a new info
 * hash at each write.
 */
export function ownFilesOf(
  directories: readonly SourceDirectory[],
  checksums: readonly ChecksumName[],
  context: CompleteContext,
): (path: string) => boolean {
  // Created on demand: few runs find a torrent among content, and there may be millions of names
  let targets: Map<string, Target> | undefined
  const otherLogs = new Map<string, TorrentLog | null>()
  const otherLog = (target: string) => {
    // A list of records that cannot be read is opened only once, so there is one warning
    if (!otherLogs.has(target)) otherLogs.set(target, logOfEarlierRuns(target, context))
    return otherLogs.get(target) ?? null
  }
  return (path) => {
    const file = basename(path)
    const entry = madeOf(file, checksums)
    if (entry === undefined) return false
    targets ??= targetsOf(directories)
    const target = targets.get(dirname(path))
    if (target === undefined) return otherLog(dirname(path))?.get(file) != null
    const { sources, targetDirectory } = target
    return (entry !== null && sources.has(entry)) || targetDirectory.log.get(file) !== null
  }
}

/**
 * Returns the records of a directory that is not a target of this run, such as content with
 * torrents of its own; null if they cannot be read.
 */
function logOfEarlierRuns(
  target: string,
  { state, cacheAccess: { now } }: CompleteContext,
): TorrentLog | null {
  const { directory: stateDirectory, warn } = state
  return valueOr(
    null,
    () => new TorrentLog({ stateDirectory, target, isReadOnly: true, now, warn }),
  )
}

/**
 * Returns the entry of which this run makes a file of this name. Null if only an earlier run may
 * have made it, and undefined if none does.
 */
function madeOf(file: string, checksums: readonly ChecksumName[]): string | null | undefined {
  const torrentOf = entryName(file)
  if (torrentOf !== null) return torrentOf
  const list = parseListName(file)
  if (list === null) return undefined
  return checksums.includes(list.checksum) ? list.name : null
}

/** A directory of torrents with the names of its entries. */
interface Target {
  readonly targetDirectory: TargetDirectory
  readonly sources: Set<string>
}

function targetsOf(directories: readonly SourceDirectory[]): Map<string, Target> {
  const targets = new Map<string, Target>()
  for (const { targetDirectory, names } of directories) {
    const { realPath } = targetDirectory
    const target = targets.get(realPath) ?? { targetDirectory, sources: new Set() }
    for (const name of names) target.sources.add(name)
    targets.set(realPath, target)
  }
  return targets
}
