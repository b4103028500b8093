import { basename, dirname } from 'node:path'
import { isSameBytes } from '../../../base/bytes.js'
import { BtkitError, valueOr } from '../../../base/errors.js'
import { encodeFingerprint, readFingerprint } from '../../../disk/file-lists/fingerprint.js'
import { rootOf } from '../../../disk/state/roots.js'
import {
  TorrentRecords,
  type TorrentDigests,
  type TorrentRecord,
} from '../../../disk/state/torrent-log.js'
import { actPath, fingerprintAt, shownPath, type FilePlace } from '../../../disk/write/directory.js'
import type { ChecksumName } from '../../checksums/list.js'
import type { LeftReason, SkipReason } from '../report.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { InfoHashes } from '../../../metainfo/values.js'
import { byTarget, isMade, type Makers, type SourceDirectory } from './directories.js'
import type { CompleteContext, WritingRun } from '../request.js'
import type { TargetDirectory } from './targets.js'

/** An existing file at the path of a new torrent or list. */
export interface ExistingFile {
  readonly bytes: Uint8Array
  /** Its encoded fingerprint before it was read. */
  readonly fingerprint: Uint8Array
  /** SHA-256 of the bytes. */
  readonly digest: Uint8Array
  /** Null if it is not a valid torrent. */
  readonly metainfo: Metainfo | null
}

/** A torrent or list in a target that is btkit's, or may become so. */
export interface Undecided {
  readonly target: TargetDirectory
  /** Its file name in the target. */
  readonly file: string
  /** The same for acts on it. */
  readonly place: FilePlace
  /** The path of its entry. */
  readonly source: string
  /** The record of the file at that path. */
  readonly record: TorrentRecord | null
  /** Digest of everything that it depends on; empty if that is unreliable. */
  input: Uint8Array
  readonly run: WritingRun
  /** The existing file at that path. */
  readonly existing: ExistingFile | null
}

/** The same before it is looked whether there is such a file. */
export type OwnFile = Omit<Undecided, 'existing'>

/** A file to be written. */
export interface Act {
  readonly own: Undecided
  readonly bytes: Uint8Array
  /** The digests of the file afterwards. */
  readonly written: TorrentDigests
  /** The digests of the existing file if it is btkit's. */
  readonly replaced: TorrentDigests | null
}

/** An entry without a torrent, or a torrent or list that is left unchanged. */
export interface FileSkip<Reason extends SkipReason = LeftReason> {
  readonly kind: 'skip'
  readonly reason: Reason
  /** For a foreign torrent that may be adopted: its piece length in bytes. */
  readonly pieceLength?: number
  /** For a foreign torrent that has a file which is left out now: why it is left out. */
  readonly leftOut?: string
  /**
   * Whether an entry exists but has no bytes any more, or is a link to nothing; its torrent is
   * pruned.
   */
  readonly isEmptied?: boolean
}

/** The decision about a torrent or list. */
export type FileDecision =
  | { readonly kind: 'keep' }
  | FileSkip
  | {
      readonly kind: 'write'
      readonly existing: ExistingFile | null
      /** Whether it was foreign and keeps its `info`. */
      readonly isAdopted?: boolean
      /** The info hashes of a torrent; null if a dry run would have to read content. */
      readonly hashes: InfoHashes | null
      /**
       * Null if nothing is to be done to the file, or a dry run would have to read content to know
       * it.
       */
      readonly act: Act | null
    }

/** Decides to leave a foreign or edited file alone. */
export function skip(reason: LeftReason, pieceLength?: number): FileSkip & FileDecision {
  return { kind: 'skip', reason, ...(pieceLength !== undefined && { pieceLength }) }
}

/** Decides for a dry run that a file would be written or kept after reading its content. */
export function writeUnread({ existing }: Undecided): FileDecision {
  return { kind: 'write', existing, hashes: null, act: null }
}

/** Decides to keep a correct file, which is recorded. */
export function keep(own: Undecided, written: TorrentDigests): FileDecision {
  const { existing, input, run } = own
  if (!run.request.dryRun && existing)
    note(own, { input, fingerprint: existing.fingerprint, written, replaced: null })
  return { kind: 'keep' }
}

/** Stands for an input or fingerprint that is unknown: nothing is equal to it. */
export const NOTHING = new Uint8Array(0)

/**
 * Does what is to be done to a file, unless the run is dry. Whichever version a kill leaves is
 * recorded as btkit's.
 * @throws BtkitError `changed` if the existing file has changed, and as the writer
 */
export async function carryOut({ own, bytes, written, replaced }: Act): Promise<void> {
  const { file, place, existing, record, target, run, input } = own
  const { directory } = target
  const { disks, hashContext, writer } = run
  const { dryRun, common } = run.request
  if (dryRun) return
  // Hashing may have taken hours since the decision
  const checkUntouched = () => {
    if (isAsRead(place, existing)) return
    target.log.put(file, record)
    const what = existing ? 'changed' : 'was made by something else'
    throw new BtkitError(
      'changed',
      `${shownPath(place)}: ${what} while its content was read, so it stays; run the command again`,
    )
  }
  note(own, { input: NOTHING, fingerprint: NOTHING, written, replaced })
  await disks.write(hashContext.state.directory, () => target.log.flush())
  const { claim } = common.write
  const write = () => writer.write(place, bytes, { claim, checkUntouched })
  const placed = await disks.write(directory.at(), write, directory.path)
  const fingerprint = placed ?? encodeFingerprint(readFingerprint(actPath(place)))
  note(own, { input, fingerprint, written, replaced: null })
}

/** Whether a file is as it was when it was read, or still not there. */
export function isAsRead(place: FilePlace, existing: ExistingFile | null): boolean {
  const found = fingerprintAt(place)
  return isSameBytes(existing?.fingerprint ?? null, found && encodeFingerprint(found))
}

function note({ target, file, source }: OwnFile, record: Omit<TorrentRecord, 'source'>): void {
  target.log.put(file, { source, ...record })
}

/**
 * Returns a function that recognizes, by real path, torrents and lists that this run or earlier
 * ones write to targets. They are never content: a directory with such a file would get a new info
 * hash at each write.
 */
export function ownFilesOf(
  directories: readonly SourceDirectory[],
  checksums: readonly ChecksumName[],
  { state, cacheAccess: { now } }: CompleteContext,
): (path: string) => boolean {
  // Created on demand: few runs find a torrent among content, and there may be millions of names
  let targets: Map<string, Makers> | undefined
  const roots = new Map<string, TorrentRecords | undefined>()
  for (const { targetDirectory } of directories)
    roots.set(targetDirectory.log.records.root, targetDirectory.log.records)
  // Content may have torrents of its own, which earlier runs made
  const earlier = (target: string): Makers => {
    const { directory: stateDirectory, warn } = state
    const { root, place } = rootOf(stateDirectory, target)
    if (!roots.has(root)) {
      const options = { stateDirectory, root, isReadOnly: true, now, warn }
      const records = valueOr(undefined, () => new TorrentRecords(options))
      // Only its names are needed, and there may be very many
      void records?.close()
      roots.set(root, records)
    }
    return { names: new Set(), log: roots.get(root)?.in(place) }
  }
  return (path) => {
    const makers = () => {
      targets ??= new Map(
        [...byTarget(directories)].map(([{ directory, log }, here]) => {
          return [directory.path, { log, names: new Set(here.flatMap(({ names }) => names)) }]
        }),
      )
      const target = targets.get(dirname(path)) ?? earlier(dirname(path))
      // Kept, so that there is one warning of records that cannot be read
      targets.set(dirname(path), target)
      return target
    }
    return isMade(basename(path), makers, checksums)
  }
}
