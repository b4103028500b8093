import { basename, dirname } from 'node:path'
import { BtkitError } from '../../errors.js'
import {
  encodeFingerprint,
  readFingerprint,
  readFingerprintIfThere,
} from '../../files/fingerprint.js'
import { hasPermissions, setPermissions } from '../../files/write/permissions.js'
import { TorrentLog } from '../../state/torrents/log.js'
import type { TorrentDigests, TorrentRecord } from '../../state/torrents/record.js'
import type { ChecksumName } from '../checksums/list.js'
import { parseListName } from '../checksums/lists.js'
import { entryName, type SourceDirectory } from './directories.js'
import { isEqual } from './existing-torrent.js'
import type { CompleteContext, CompleteRun } from './request.js'
import type { TargetDirectory } from './targets.js'

/** A file in a target that is btkit's, or may become so: a torrent or a list of checksums. */
export interface OwnFile {
  readonly target: TargetDirectory
  /** Its name in the target. */
  readonly file: string
  /** Its real path. */
  readonly path: string
  /** The path of the entry that it is of. */
  readonly source: string
  /** All that it depends on; empty when that can't be relied on. */
  readonly input: Uint8Array
  /** What stands there. */
  readonly existing: { readonly fingerprint: Uint8Array } | null
  /** What is known of the file at that path. */
  readonly record: TorrentRecord | null
  readonly run: CompleteRun
}

const NOTHING = new Uint8Array(0)

/** Whether the same input made the file that stands there, and nothing touched it since. */
export function isUntouched({
  record,
  source,
  input,
  path,
}: Pick<OwnFile, 'record' | 'source' | 'input' | 'path'>): boolean {
  if (record?.source !== source || !isEqual(record.input, input)) return false
  const fingerprint = readFingerprintIfThere(path)
  return fingerprint !== null && isEqual(record.fingerprint, encodeFingerprint(fingerprint))
}

/**
 * Notes that a file is right as it stands, by its digests. Returns what sets its permissions, or null
 * when they are as they should be.
 */
export function keepOwn(
  own: OwnFile,
  existing: { readonly fingerprint: Uint8Array },
  written: TorrentDigests,
): (() => Promise<void>) | null {
  const { path, input, run } = own
  const { dryRun, common } = run.request
  const remember = (fingerprint: Uint8Array) => {
    note(own, { input, fingerprint, written, replaced: null })
  }
  if (hasPermissions(path, common.write)) {
    if (!dryRun) remember(existing.fingerprint)
    return null
  }
  return () => {
    setPermissions(path, common.write)
    remember(fingerprintOf(path))
    return Promise.resolve()
  }
}

/**
 * Writes a file, and sees to it that whichever one a kill leaves is known as ours. `replaced` is what
 * stands there, when that is ours.
 * @throws BtkitError `changed` when it is not what was seen, and those of writing files
 */
export async function writeOwn(
  own: OwnFile,
  bytes: Uint8Array,
  digests: Pick<TorrentRecord, 'written' | 'replaced'>,
): Promise<void> {
  const { path, existing, target } = own
  const { written, replaced } = digests
  requireUntouched(path, existing)
  note(own, { input: NOTHING, fingerprint: NOTHING, written, replaced })
  await target.log.flush()
  const fingerprint = (await write(own, bytes)) ?? fingerprintOf(path)
  note(own, { input: own.input, fingerprint, written, replaced: null })
}

function write({ path, existing, run }: OwnFile, bytes: Uint8Array): Promise<Uint8Array | null> {
  const { mode, owner } = run.request.common.write
  const checkUntouched = () => {
    requireUntouched(path, existing)
  }
  const expected = existing?.fingerprint ?? null
  return run.writer.write(path, bytes, { mode, owner, checkUntouched, expected })
}

/** What was decided holds only for what was seen, and hashing may have taken hours since then. */
function requireUntouched(path: string, existing: OwnFile['existing']): void {
  const fingerprint = readFingerprintIfThere(path)
  const isSame =
    fingerprint && existing
      ? isEqual(encodeFingerprint(fingerprint), existing.fingerprint)
      : !fingerprint && !existing
  if (isSame) return
  const what = existing ? 'changed' : 'was made by something else'
  throw new BtkitError('changed', `${path}: ${what} while its content was read, so it is left`)
}

function note({ target, file, source }: OwnFile, record: Omit<TorrentRecord, 'source'>): void {
  const { input, fingerprint, written, replaced } = record
  // Spelled out, as there may be very many, and copying an object costs several times as much
  target.log.put(file, { source, input, fingerprint, written, replaced })
}

function fingerprintOf(path: string): Uint8Array {
  return encodeFingerprint(readFingerprint(path))
}

/**
 * Tells by real paths the torrents and lists of checksums that a run writes, or earlier ones wrote,
 * into its targets. They are content of nothing: a directory that holds some would get another info
 * hash whenever one of them is written.
 */
export function ownFilesOf(
  directories: readonly SourceDirectory[],
  checksums: readonly ChecksumName[],
  context: CompleteContext,
): (path: string) => boolean {
  // Few runs meet any torrent among content, and names may be millions
  let targets: Map<string, Target> | undefined
  const otherLogs = new Map<string, TorrentLog | null>()
  const otherLog = (target: string) => {
    // One that can't be read is opened, and warned of, once only
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
 * What is known of torrents in a directory that is no target of this run, such as the content of an
 * entry that has torrents of its own; null if nothing can be read of it.
 */
function logOfEarlierRuns(
  target: string,
  { state, cacheAccess: { now } }: CompleteContext,
): TorrentLog | null {
  const { directory: stateDirectory, warn } = state
  try {
    return TorrentLog.open({ stateDirectory, target, isReadOnly: true, now, warn })
  } catch (error) {
    if (error instanceof BtkitError) return null
    throw error
  }
}

/**
 * The entry of which a run makes a file of that name; null when only an earlier one may have, and
 * undefined when none does.
 */
function madeOf(file: string, checksums: readonly ChecksumName[]): string | null | undefined {
  const torrentOf = entryName(file)
  if (torrentOf !== null) return torrentOf
  const list = parseListName(file)
  if (list === null) return undefined
  return checksums.includes(list.checksum) ? list.name : null
}

/** A directory of torrents, and the names of the entries that get theirs there. */
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
