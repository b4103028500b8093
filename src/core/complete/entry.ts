import { infoRequest } from '../digests/info.js'
import { join } from 'node:path'
import { openEntry } from '../../files/scan/entry.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { isWithin } from '../../files/scan/link-policy.js'
import { scanTree } from '../../files/scan/scan-tree.js'
import type { OutputRecord } from '../../cache/records/output.js'
import { outputInput } from './input.js'
import { torrentPath, type SourceDirectory } from './directories.js'
import type { SkipReason } from './report.js'
import type { CompleteRun } from './run.js'
import { decideTorrent, type TorrentDecision } from './torrent.js'
import { excludeOutput, contentOfTree, type Content } from '../digests/content.js'
import { isSameFile } from '../digests/cache-trust.js'
import { examineTorrent } from './torrent-owner.js'

/** What is to be done about an entry. */
export type Step = { readonly kind: 'skip'; readonly reason: SkipReason } | TorrentDecision

/**
 * Finds out what is to be done about one entry of a place, and obtains the digests that takes.
 * Where nothing changed, nothing is read but metadata and the cache.
 * @throws BtkitError when the entry can't be read or its torrent could not be written
 */
export async function completeEntry(
  name: string,
  place: SourceDirectory,
  run: CompleteRun,
): Promise<Step> {
  const { request, hashContext } = run
  const path = torrentPath(place.realTarget, name)
  const record = hashContext.cacheAccess.cache.output(path)
  const content = await openContent(name, place, run)
  if (typeof content === 'string') return { kind: 'skip', reason: content }
  const info = infoRequest(content, request.common, run.trust)
  const input = outputInput(info, run)
  const source = join(place.realDirectory, name)
  if (record?.source === source && isUntouched(record, input, path)) {
    return { kind: 'keep', size: content.size, bytesHashed: 0 }
  }
  const existing = examineTorrent(path, record, request.common.parts.createdBy)
  const owner = request.force ? 'own' : existing?.owner
  if (owner === 'foreign') return { kind: 'skip', reason: owner }
  const settled = await decideTorrent({ path, source, info, input, existing }, run)
  // One that a run without the cache wrote only looks edited: it is what would be written
  const isLeft = owner === 'edited' && settled.kind === 'write'
  return isLeft ? { kind: 'skip', reason: owner } : settled
}

/** Whether the same input made the torrent that stands there, and nothing touched it since. */
function isUntouched(record: OutputRecord, input: Uint8Array, path: string): boolean {
  if (Buffer.compare(record.input, input) !== 0) return false
  const fingerprint = readFingerprintIfThere(path)
  return (
    fingerprint !== null && isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full')
  )
}

/** What the torrent of an entry is made of, or why there will be none. */
async function openContent(
  name: string,
  { realDirectory, realTarget }: SourceDirectory,
  { request: { common } }: CompleteRun,
): Promise<Content | SkipReason> {
  const { scan, pieceLength } = common
  const root = join(realDirectory, name)
  const entry = openEntry(name, { policy: scan.links, realRoot: realDirectory })
  if (entry.kind === 'skipped') return entry.reason
  if (entry.kind === 'file') {
    if (entry.fingerprint.size === 0) return 'empty'
    const files = [{ path: [], absolutePath: entry.absolutePath, fingerprint: entry.fingerprint }]
    return contentOfTree({ root, isDirectory: false, files, skipped: [] }, { name, pieceLength })
  }
  if (entry.absolutePath === realTarget) return 'the target'
  const output = isWithin(realTarget, entry.absolutePath) ? realTarget : null
  const tree = excludeOutput(await scanTree(root, scan), output)
  if (tree.files.every((file) => file.fingerprint.size === 0)) return 'empty'
  return contentOfTree(tree, { name, pieceLength })
}
