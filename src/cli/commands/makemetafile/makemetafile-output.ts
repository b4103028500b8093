import { basename, normalize, resolve } from 'node:path'
import type { ChecksumList } from '../../../core/checksums/lists.js'
import { bytesOf, type Content } from '../../../core/digests/content.js'
import { withoutPads } from '../../../core/digests/pad-files.js'
import type { TargetDifference } from '../../../core/make/compare-with-target.js'
import type { TorrentPlan } from '../../../core/make/make-torrent.js'
import type { InfoHashes } from '../../../metainfo/values.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { fieldItems, type FieldName, TOP_FIELDS } from '../../../metainfo/fields.js'
import { announceUrls } from '../../../metainfo/trackers.js'
import { hideSecrets } from '../../../base/text/secrets.js'
import { torrentValue } from '../../output/torrent-json.js'
import { whyLength } from '../../output/piece-length.js'
import { countSkipped } from '../../../core/digests/skipped.js'

/** A torrent that was made, or in a dry run would be made. Then `hashes` is null. */
export interface MakeResult {
  readonly plan: TorrentPlan
  readonly hashes: (InfoHashes & { readonly bytesHashed: number }) | null
  /** Size of the .torrent in bytes. */
  readonly torrentSize: number
  /** The checksum lists beside the torrent. */
  readonly lists: readonly ChecksumList[]
  readonly seconds: number
}

/** A result for programs. */
export function makeValue(made: MakeResult) {
  const { request, content, pieces } = made.plan
  const { version, name, pieceLength, pieceCount, files, skipped } = content
  return torrentValue(request.torrent, made.hashes, {
    name,
    version,
    oldInfoHash: made.plan.replaced?.infoHash ?? null,
    oldInfoHashV2: made.plan.replaced?.infoHashV2 ?? null,
    dryRun: made.hashes === null,
    pieceLength,
    automaticPieceLength: pieces.reason.kind !== 'given',
    pieceCount,
    size: bytesOf(content),
    fileCount: withoutPads(files).length,
    torrentSize: made.torrentSize,
    bytesHashed: made.hashes?.bytesHashed ?? 0,
    skipped,
    checksums: made.lists.map(({ path }) => path),
    seconds: made.seconds,
  })
}

/** Formats a result for people. Paths are relative to `cwd`. */
export function textLines(made: MakeResult, cwd: string): string[] {
  const verb = made.hashes === null ? 'would write' : 'wrote'
  const { torrent, source } = made.plan.request
  const target =
    torrent === null ? 'to standard output' : isDots(source) ? resolve(cwd, torrent) : torrent
  return [
    `${verb} ${target} (${formatBytes(made.torrentSize)})`,
    ...hashLines(made.hashes),
    ...oldHashLines(made),
    contentLine(made.plan.content),
    ...made.lists.map(({ path }) => `${verb} ${path}`),
  ]
}

/** A torrent that was compared with the file that it would replace. */
export interface CheckedTorrent extends Pick<MakeResult, 'hashes' | 'plan'> {
  readonly difference: TargetDifference
}

/** A comparison for programs. */
export function checkValue({ hashes, plan, difference }: CheckedTorrent) {
  const { torrent } = plan.request
  return torrentValue(torrent, hashes, {
    name: plan.content.name,
    status: difference.status,
    changes: difference.changes,
    oldInfoHash: plan.replaced?.infoHash ?? null,
    oldInfoHashV2: plan.replaced?.infoHashV2 ?? null,
  })
}

/** Formats a comparison for people. */
export function checkLines(checked: CheckedTorrent): string[] {
  const { status, changes } = checked.difference
  const { torrent } = checked.plan.request
  if (status === 'unchanged') return [`unchanged ${torrent}`]
  if (status === 'missing') return [`would create ${torrent}`, ...hashLines(checked.hashes)]
  const old = oldHashLines(checked)
  return [
    `would change ${torrent}: ${changes.join(', ')}`,
    ...(old.length > 0 ? [...hashLines(checked.hashes), ...old] : []),
  ]
}

/** Whether a source such as `.` does not show its name. Then the torrent's full path is printed. */
function isDots(source: string): boolean {
  return ['.', '..'].includes(basename(normalize(source)))
}

function hashLines(hashes: InfoHashes | null): string[] {
  const { infoHash = null, infoHashV2 = null } = hashes ?? {}
  return [
    ...(infoHash === null ? [] : [`info hash: ${infoHash}`]),
    ...(infoHashV2 === null ? [] : [`info hash v2: ${infoHashV2}`]),
  ]
}

/** The old info hashes if a replaced torrent had others, because its clients do not follow. */
function oldHashLines({
  hashes,
  plan: { replaced },
}: Pick<MakeResult, 'hashes' | 'plan'>): string[] {
  const isSame =
    hashes?.infoHash === replaced?.infoHash && hashes?.infoHashV2 === replaced?.infoHashV2
  return isSame ? [] : hashLines(replaced).map((line) => `old ${line}`)
}

/** The values of a replaced torrent that the new one lacks: `removed comment: Nightly build`. */
export function removedValues(
  { replaced, request: { parts } }: TorrentPlan,
  { dryRun }: { readonly dryRun: boolean },
): string[] {
  if (replaced === null) return []
  return TOP_FIELDS.flatMap(([name, { label, labelOfEdits = label }]) => {
    if (name === 'announce' || MADE_ANEW.includes(name)) return []
    const [old, given] = [replaced, parts].map((values) => {
      return name === 'announceList' ? announceUrls(values) : (fieldItems(name, values) ?? [])
    }) as [string[], string[]]
    if (given.length > 0 || old.length === 0) return []
    const what = name === 'announceList' ? 'trackers' : labelOfEdits
    return [`${dryRun ? 'would remove' : 'removed'} ${what}: ${hideSecrets(old.join(', '))}`]
  })
}

/** Values that each torrent gets without being asked for. */
const MADE_ANEW: readonly FieldName[] = ['createdBy', 'creationDate']

function contentLine(content: Content): string {
  const { files, pieceCount, pieceLength } = content
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return `content: ${count(withoutPads(files).length, 'file')}, ${formatBytes(bytesOf(content))} in ${pieces}`
}

/** Notes about results that may surprise: the piece length, and skipped entries. */
export function notes(
  { content, pieces }: TorrentPlan,
  { verbose, dryRun }: { readonly verbose: boolean; readonly dryRun: boolean },
): string[] {
  const verb = dryRun ? 'would skip' : 'skipped'
  const entries = verbose ? skippedEntries(content) : [countSkipped(content.skipped) ?? []].flat()
  const skipped = entries.map((entry) => `${verb} ${entry}`)
  const length = whyLength({ ...pieces, pieceLength: content.pieceLength, size: bytesOf(content) })
  const isUsual = pieces.reason.kind === 'by size' && !verbose
  return (pieces.bound === null && (isUsual || !dryRun)) || length === null
    ? skipped
    : [length, ...skipped]
}

function skippedEntries({ skipped }: Content): string[] {
  return skipped.map(({ path, reason }) => `${path} (${reason})`)
}
