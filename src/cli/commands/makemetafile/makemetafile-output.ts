import { basename, normalize, resolve } from 'node:path'
import { bytesOf, type Content } from '../../../core/digests/content.js'
import { withoutPads } from '../../../core/digests/pad-files.js'
import type { MakeReport } from '../../../core/make/make-group.js'
import type { InfoHashes } from '../../../metainfo/values.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { fieldItems, type FieldName, isList, TOP_FIELDS } from '../../../metainfo/fields.js'
import { announceUrls } from '../../../metainfo/trackers.js'
import { hideSecrets } from '../../../base/text/secrets.js'
import { torrentValue } from '../../output/torrent-json.js'
import { whyLength } from '../../output/piece-length.js'
import { countSkipped } from '../../../core/digests/skipped.js'

type Plan = MakeReport['plan']

/** A result for programs. */
export function makeValue(made: MakeReport, seconds: number) {
  const { request, content, pieces, replaced } = made.plan
  const { version, name, pieceLength, pieceCount, files, skipped } = content
  const old = {
    oldInfoHash: replaced?.infoHash ?? null,
    oldInfoHashV2: replaced?.infoHashV2 ?? null,
  }
  if (made.difference)
    return torrentValue(request.torrent, made.written, { name, ...made.difference, ...old })
  return torrentValue(request.torrent, made.written, {
    name,
    version,
    ...old,
    dryRun: made.written === null,
    pieceLength,
    automaticPieceLength: pieces.reason.kind !== 'given',
    pieceCount,
    size: bytesOf(content),
    fileCount: withoutPads(files).length,
    torrentSize: made.torrentSize,
    bytesHashed: made.written?.bytesHashed ?? 0,
    skipped,
    checksums: made.lists.map(({ path }) => path),
    seconds,
  })
}

/** Formats a result for people. Paths are relative to `cwd`. */
export function textLines(made: MakeReport, cwd: string): string[] {
  if (made.difference) return checkLines(made, made.difference)
  const verb = made.written === null ? 'would write' : 'wrote'
  const { torrent, source } = made.plan.request
  // A source such as `.` does not show its name
  const isDots = ['.', '..'].includes(basename(normalize(source)))
  const target = torrent === null ? 'to standard output' : isDots ? resolve(cwd, torrent) : torrent
  return [
    `${verb} ${target} (${formatBytes(made.torrentSize)})`,
    ...hashLines(made.written),
    ...oldHashLines(made.written, made.plan),
    contentLine(made.plan.content),
    ...made.lists.map(({ path }) => `${verb} ${path}`),
  ]
}

function checkLines(
  { written, plan }: MakeReport,
  { status, changes }: NonNullable<MakeReport['difference']>,
): string[] {
  const { torrent } = plan.request
  if (status === 'unchanged') return [`unchanged ${torrent}`]
  if (status === 'missing') return [`would create ${torrent}`, ...hashLines(written)]
  const old = oldHashLines(written, plan)
  return [
    `would change ${torrent}: ${changes.join(', ')}`,
    ...(old.length > 0 ? [...hashLines(written), ...old] : []),
  ]
}

function hashLines(hashes: InfoHashes | null): string[] {
  const { infoHash = null, infoHashV2 = null } = hashes ?? {}
  return [
    ...(infoHash === null ? [] : [`info hash: ${infoHash}`]),
    ...(infoHashV2 === null ? [] : [`info hash v2: ${infoHashV2}`]),
  ]
}

/** The old info hashes if a replaced torrent had others, because its clients do not follow. */
function oldHashLines(hashes: InfoHashes | null, { replaced }: Plan): string[] {
  const isSame =
    hashes?.infoHash === replaced?.infoHash && hashes?.infoHashV2 === replaced?.infoHashV2
  return isSame ? [] : hashLines(replaced).map((line) => `old ${line}`)
}

/** The values of a replaced torrent that the new one lacks: `removed comment: Nightly build`. */
export function removedValues(
  { plan: { replaced, request }, difference }: MakeReport,
  { dryRun }: { readonly dryRun: boolean },
): string[] {
  if (replaced === null || difference) return []
  return TOP_FIELDS.flatMap(([name, { label, labelOfEdits = label, form }]) => {
    if (name === 'announce' || MADE_ANEW.includes(name)) return []
    const [old, given] = [replaced, request.parts].map((values) => {
      return name === 'announceList' ? announceUrls(values) : (fieldItems(name, values) ?? [])
    }) as [string[], string[]]
    // A given text is another one on purpose
    const isReplaced = given.length > 0 && name !== 'announceList' && !isList(form)
    const lost = isReplaced ? [] : old.filter((item) => !given.includes(item))
    if (lost.length === 0) return []
    const what = name === 'announceList' ? 'trackers' : labelOfEdits
    return [`${dryRun ? 'would remove' : 'removed'} ${what}: ${hideSecrets(lost.join(', '))}`]
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
  { content, pieces }: Plan,
  { verbose, dryRun }: { readonly verbose: boolean; readonly dryRun: boolean },
): string[] {
  const verb = dryRun ? 'would skip' : 'skipped'
  const entries = verbose
    ? content.skipped.map(({ path, reason }) => `${path} (${reason})`)
    : [countSkipped(content.skipped) ?? []].flat()
  const skipped = entries.map((entry) => `${verb} ${entry}`)
  const length = whyLength({ ...pieces, pieceLength: content.pieceLength, size: bytesOf(content) })
  const isUsual = pieces.reason.kind === 'by size' && !verbose
  return (!pieces.isLimited && (isUsual || !dryRun)) || length === null
    ? skipped
    : [length, ...skipped]
}
