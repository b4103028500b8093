import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { encodeFingerprint, sizeInFingerprint } from '../../files/fingerprint.js'
import { statFiles, type FingerprintTable } from '../../files/stat-files.js'
import { trustedPart, type CacheTrust } from '../digests/cache-trust.js'
import type { InfoRequest } from '../digests/info.js'
import { torrentName, type SourceDirectory } from './directories.js'
import type { CommonRequest, CompleteRun } from './request.js'

/** btkit's own creators differ by its version, which is no reason to write a torrent anew. */
const OWN_CREATOR = /^btkit \S+$/

/** What of a digest is enough to tell option sets apart. */
const OPTIONS_LENGTH = 16

/**
 * What all torrents of a run depend on beside their content, digested; their creation date is left
 * out, as it alone is no reason to write one anew.
 */
export function digestOptions(common: CommonRequest): Uint8Array {
  const { parts, private: isPrivate, sourceTag, pieceLength, write } = common
  const createdBy =
    parts.createdBy !== null && OWN_CREATOR.test(parts.createdBy) ? 0 : parts.createdBy
  const options: unknown[] = [{ ...parts, createdBy }, isPrivate, sourceTag, pieceLength]
  const { mode, owner } = write
  if (mode !== undefined || owner !== undefined) options.push(mode ?? null, owner ?? null)
  return createHash('sha256').update(JSON.stringify(options)).digest().subarray(0, OPTIONS_LENGTH)
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
  if (content.isDirectory || !file) return Buffer.concat([request.input, options])
  return fileInput(encodeFingerprint(file.fingerprint), options, hashContext.cacheAccess.trust)
}

function fileInput(fingerprint: Uint8Array, options: Uint8Array, trust: CacheTrust): Uint8Array {
  return Buffer.concat([trustedPart(fingerprint, trust), options])
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
    const torrents = statFiles(directory.targetDirectory.realPath, names.map(torrentName))
    yield { names, unchangedSize: comparer(names, { directory, run, sources, torrents }) }
  }
}

interface Seen {
  readonly directory: SourceDirectory
  readonly run: CompleteRun
  readonly sources: FingerprintTable
  readonly torrents: FingerprintTable
}

function comparer(names: readonly string[], seen: Seen): (i: number) => number | null {
  const { directory, run, sources, torrents } = seen
  const { log } = directory.targetDirectory
  const { trust } = run.hashContext.cacheAccess
  const prefix = join(directory.realDirectory, '/')
  return (i) => {
    const source = sources.at(i)
    const fingerprint = torrents.at(i)
    if (!source || !fingerprint) return null
    const name = names[i] ?? ''
    const input = fileInput(source, run.options, trust)
    const identity = { source: prefix + name, input, fingerprint }
    return log.isUnchanged(torrentName(name), identity) ? sizeInFingerprint(source) : null
  }
}
