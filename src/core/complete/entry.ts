import { join } from 'node:path'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { openEntry } from '../../files/scan/entry.js'
import { isWithin } from '../../files/inside.js'
import { loadNameFilter, scanTree } from '../../files/scan/scan-tree.js'
import type { ScannedFile, ScanOptions } from '../../files/scan/scanned-tree.js'
import type { TorrentRecord } from '../../state/torrents/record.js'
import { isSameFile } from '../digests/cache-trust.js'
import { contentOfTree, excludeOutput, type Content, type Tree } from '../digests/content.js'
import { infoRequest as requestInfo } from '../digests/info.js'
import { decideTorrent } from './decide-torrent.js'
import { checkTorrentName, torrentName, type SourceDirectory } from './directories.js'
import { isEqual, readExisting } from './existing-torrent.js'
import type { SkipReason } from './report.js'
import type { CompleteRun } from './request.js'
import type { TorrentDecision } from './torrent-decision.js'
import { torrentInput } from './unchanged.js'

/** What is to be done about an entry. */
export type EntryDecision = SkippedEntry | TorrentDecision

/** An entry that gets no torrent. */
export interface SkippedEntry {
  readonly kind: 'skip'
  readonly reason: SkipReason
  /** Whether it is there and has no bytes any more, so that its torrent may go. */
  readonly isEmptied?: boolean
}

/**
 * Finds out what is to be done about one entry of a directory, and obtains the digests that takes.
 * Where nothing changed, nothing is read but metadata and what is known of the torrent.
 * @throws BtkitError when the entry can't be read or its torrent could not be written
 */
export async function decideEntry(
  name: string,
  directory: SourceDirectory,
  run: CompleteRun,
): Promise<EntryDecision> {
  const { request } = run
  const content = await openContent(name, directory, run)
  if ('kind' in content) return content
  checkTorrentName(name, directory)
  const target = directory.targetDirectory
  const file = torrentName(name)
  const source = join(directory.realDirectory, name)
  const path = join(target.realPath, file)
  const record = target.log.get(file)
  const infoRequest = requestInfo(content, request.common, run.hashContext.cacheAccess.trust)
  const input = torrentInput(infoRequest, run)
  if (!request.force && record?.source === source && isUntouched(record, input, path)) {
    return { kind: 'keep', size: content.size, bytesHashed: 0 }
  }
  if (isTooNew(content.files, run)) return { kind: 'skip', reason: 'too new' }
  const existing = readExisting(path)
  const known = { target, file, path, source, record, existing }
  return decideTorrent({ ...known, content, infoRequest, input, run })
}

/** Whether the same input made the torrent that stands there, and nothing touched it since. */
function isUntouched(record: TorrentRecord, input: Uint8Array, path: string): boolean {
  if (!isEqual(record.input, input)) return false
  const fingerprint = readFingerprintIfThere(path)
  return (
    fingerprint !== null && isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full')
  )
}

/**
 * What the torrent of an entry is made of, or why there will be none.
 * @throws BtkitError when the entry can't be read
 */
export async function openContent(
  name: string,
  directory: SourceDirectory,
  run: CompleteRun,
): Promise<Content | SkippedEntry> {
  const { common, prune } = run.request
  const tree = await openTree(name, directory, common.scan)
  if ('kind' in tree) return tree
  const { files, skipped } = tree
  if (files.some(({ fingerprint }) => fingerprint.size > 0)) {
    return contentOfTree(tree, { name, pieceLength: common.pieceLength })
  }
  if (isTooNew(files, run)) return { kind: 'skip', reason: 'too new' }
  if (files.length === 0 && skipped.some(({ reason }) => reason === 'not included')) {
    return { kind: 'skip', reason: 'not included' }
  }
  // A directory without any file may be a disk that is not mounted
  return { kind: 'skip', reason: 'empty', isEmptied: files.length > 0 || prune === 'always' }
}

async function openTree(
  name: string,
  { realDirectory, targetDirectory }: SourceDirectory,
  scan: ScanOptions,
): Promise<Tree | SkippedEntry> {
  const root = join(realDirectory, name)
  const entry = openEntry(name, { policy: scan.links, realRoot: realDirectory })
  if (entry.kind === 'skipped') return { kind: 'skip', reason: entry.reason }
  if (entry.kind === 'file') {
    const files = [
      { path: [name], absolutePath: entry.absolutePath, fingerprint: entry.fingerprint },
    ]
    return { root, isDirectory: false, files, skipped: [] }
  }
  const { realPath: target } = targetDirectory
  if (entry.absolutePath === target) return { kind: 'skip', reason: 'the target' }
  const output = isWithin(target, entry.absolutePath) ? target : null
  return excludeOutput(await scanTree(root, await scanOf(name, scan)), output)
}

/** All of a directory is included whose own name is. */
async function scanOf(name: string, scan: ScanOptions): Promise<ScanOptions> {
  if (scan.include.length === 0) return scan
  const filter = await loadNameFilter(scan)
  const isIncluded = filter && (filter.includes(name) || filter.includes(`${name}/`))
  return isIncluded ? { ...scan, include: [] } : scan
}

/** Whether any of some files changed lately: whoever writes it may not be done. */
function isTooNew(files: readonly ScannedFile[], { request, hashContext }: CompleteRun): boolean {
  const ageNs = BigInt(request.minAgeSeconds) * 1_000_000_000n
  const { now, trust } = hashContext.cacheAccess
  const nowNs = BigInt(Math.floor(now())) * 1_000_000n
  const isLately = (timeNs: bigint) => timeNs > nowNs - ageNs && timeNs < nowNs + ageNs
  return files.some(({ fingerprint: { mtimeNs, ctimeNs } }) => {
    return isLately(mtimeNs) || (trust === 'full' && isLately(ctimeNs))
  })
}
