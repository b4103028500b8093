import {
  skippedEntries,
  type Change,
  type CompleteReport,
  type Failure,
  type InfoRule,
  type Skip,
  type SkipReason,
} from '../../../core/complete/report.js'
import { byCause, type Said } from '../../output/by-cause.js'
import { whyLength } from '../../output/piece-length.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { withOption } from '../../../core/digests/skipped.js'

/** Facts about a run that the report does not contain. */
export interface RunFacts {
  readonly seconds: number
  readonly dryRun: boolean
}

const WOULD = { created: 'would create', updated: 'would update', adopted: 'would adopt' } as const

/** The line of a torrent that was written, which is printed at once. */
export function writtenLine(kind: keyof typeof WOULD, change: Change, dryRun: boolean): string {
  const verb = dryRun ? WOULD[kind] : kind
  const line = `${verb} ${change.torrent}`
  if (kind === 'created') return `${line}${piecesOf(change)}`
  const { reason } = change
  const why = reason === undefined ? '' : ` (${reason})`
  if (kind === 'updated') return `${line}${unread(isUnread(change))}${newHashesOf(change)}${why}`
  const changes = reason === undefined ? '' : `: ${dryRun ? 'would change' : 'changed'} ${reason}`
  return `${line}${isUnread(change) ? ' (or leave it: its content must be read)' : ''}${changes}`
}

/**
 * Formats a report for people, without the torrents that were written: their lines are above it.
 */
export function completeText(report: CompleteReport, { seconds, dryRun }: RunFacts): string[] {
  const { removed } = report
  const lists = report.checksumLists
  const read = `read ${formatBytes(report.bytesHashed)}, reused ${formatBytes(report.bytesReused)}`
  const skips = [
    ...skippedEntries(report).map(({ source, torrent, reason }) => ({
      // The torrent if the entry is gone
      what: reason === 'source gone' || reason === 'source empty' ? torrent : source,
      why: withOption(reason),
    })),
    ...lists.skipped.map(({ list, reason }) => ({ what: list, why: reason })),
  ]
  return [
    ...removed.map(({ torrent }) => `${dryRun ? 'would remove' : 'removed'} ${torrent}`),
    ...lists.created.map(({ list }) => `${dryRun ? 'would create' : 'created'} ${list}`),
    ...lists.updated.map(({ list, isUnread }) => {
      return `${dryRun ? 'would update' : 'updated'} ${list}${unread(isUnread)}`
    }),
    ...lists.removed.map(({ list }) => `${dryRun ? 'would remove' : 'removed'} ${list}`),
    ...publicationLines(report),
    ...byCause(skips, { mostNames: 3 }).map(
      (line) => `${dryRun ? 'would skip' : 'skipped'} ${line}`,
    ),
    `${dryRun ? 'dry run: ' : ''}${countsOf(report)}; ${read}, ${seconds.toFixed(1)} s`,
  ]
}

/** In a dry run, says that the result depends on content that was not read. */
function unread(isUnread: boolean): string {
  return isUnread ? ' (or find it unchanged: its content must be read)' : ''
}

function isUnread({ infoHash, infoHashV2 }: Change): boolean {
  return infoHash === null && infoHashV2 === null
}

/**
 * Shows both info hashes if a torrent's hash changed, because clients do not follow to the new one.
 */
function newHashesOf(change: Change): string {
  const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } = change
  const [hash, old] = [infoHash ?? infoHashV2, oldInfoHash ?? oldInfoHashV2]
  if (hash === null || old === null) return ''
  const isSame = infoHash === oldInfoHash && infoHashV2 === oldInfoHashV2
  return isSame ? '' : `: info hash ${hash}, was ${old}`
}

/** In a dry run, explains the piece length of a new torrent. */
function piecesOf({ pieces = null }: Change): string {
  const why = pieces && whyLength(pieces)
  return why === null ? '' : `: ${why}`
}

function publicationLines({ clients }: CompleteReport): string[] {
  const { published, republished, withdrawn } = clients
  return [
    ...published.map(({ torrent, client }) => `published ${torrent} (${client})`),
    ...republished.map(({ torrent, client }) => `republished ${torrent} (${client})`),
    ...withdrawn.map(({ torrent, client }) => `withdrew ${torrent} (${client})`),
  ]
}

function countsOf(report: CompleteReport) {
  const { created, updated, adopted, unchanged, removed, checksumLists } = report
  const skipped = skippedEntries(report)
  const failed = report.failed.length + report.clients.unpublished.length
  const written = checksumLists.created.length + checksumLists.updated.length
  return [
    `created ${created.length}`,
    `updated ${updated.length}`,
    ...(adopted.length > 0 ? [`adopted ${adopted.length}`] : []),
    `unchanged ${unchanged}`,
    `removed ${removed.length}`,
    ...(skipped.length > 0 ? [`skipped ${skipped.length}${outdatedOf(skipped)}`] : []),
    `failed ${failed}`,
    ...(written > 0 ? [`checksum lists ${written}`] : []),
  ].join(', ')
}

/** How many torrents of skipped entries cause the status 1, because they may be outdated. */
function outdatedOf(skipped: readonly Skip[]): string {
  const { length } = skipped.filter((skip) => whyLeft(skip) !== undefined)
  return length > 0 ? ` (${length} may be outdated)` : ''
}

/** Reports names that can have no torrent, in a line for each cause. */
function badNamesOf({ failed }: CompleteReport): string[] {
  const said = failed.filter(isBadName).map(({ message }) => splitMessage(message))
  const advised = said.map(({ what, why }) => {
    return {
      what,
      why: why.includes('--') ? why : `${why}; rename it, or skip it with --exclude`,
    }
  })
  return byCause(advised, { mostLines: 1 })
}

function isBadName({ code }: Failure): boolean {
  return code === 'bad-name'
}

/**
 * The plural of each rule that decides a torrent's `info`, in the order in which they are reported.
 */
const KEPT: Record<InfoRule, string> = {
  'piece length': 'piece lengths',
  version: 'versions',
  'private flag': 'private flags',
  'source tag': 'source tags',
  'pad files': 'pad files',
  'file order': 'orders of files',
  'file attributes': 'attributes of files',
  'further keys': 'keys of info',
}

/** Reports torrents that keep their `info` although the options now ask for another. */
export function keptOf({ kept }: CompleteReport): string[] {
  return Object.entries(KEPT).flatMap(([rule, plural]) => {
    const count = kept[rule as InfoRule] ?? 0
    if (count === 0) return []
    const [torrents, again] =
      count === 1 ? ['1 torrent keeps', 'it'] : [`${count} torrents keep`, 'them']
    const what = `${torrents} other ${plural} than would be chosen now`
    return [`${what}; --remake makes ${again} again`]
  })
}

/** Says how many torrents have lost their source, in a run without pruning. */
export function orphansLine(orphans: number): string {
  const them = orphans === 1 ? 'it' : 'them'
  return `${count(orphans, 'torrent')} without a source (--prune removes ${them})`
}

/** Reports torrents without a record that completedir wrote them, and what to do with them. */
export function foreignOf({ skipped, unrecorded }: CompleteReport): string[] {
  const foreign = skipped.filter(({ reason }) => reason === 'foreign')
  const said = foreign.map(({ torrent, pieceLength, leftOut }) => {
    const stays = 'not recorded as written by completedir, and left unchanged'
    if (leftOut !== undefined)
      return {
        what: torrent,
        why: `${stays}: it has a file that is skipped here (${withOption(leftOut)})`,
      }
    if (pieceLength === undefined) return { what: torrent, why: `${stays}; ${REPLACE}` }
    const pieces = `files of the same names and sizes, pieces of ${formatBytes(pieceLength)}`
    return { what: torrent, why: `${stays} (${pieces}): ${ADOPT}` }
  })
  const sourceless = unrecorded.map((what) => ({ what, why: UNRECORDED }))
  return byCause([...said, ...sourceless], { mostLines: 1 })
}

const UNRECORDED = 'no source here, and no record in the state; delete if not needed'
const ADOPT = '--adopt checks its content and keeps its info hash'
const REPLACE = '--force recreates all such torrents; to recreate one, move it away and run again'

/** Reports failures, and torrents that need attention, in a line for each cause. */
export function failuresOf(report: CompleteReport): string[] {
  const { failed, skipped, clients, checksumLists } = report
  const skips = [
    ...skipped.map((skip) => ({ what: skip.torrent, why: whyLeft(skip) })),
    ...checksumLists.skipped.map(({ list, reason }) => ({ what: list, why: LEFT[reason] })),
  ]
  const left = skips.flatMap(({ what, why }) => (why === undefined ? [] : [{ what, why }]))
  const unpublished = clients.unpublished.map(({ torrent, reason }) => {
    return torrent === null ? splitMessage(reason) : { what: torrent, why: reason }
  })
  const others = failed.filter((failure) => !isBadName(failure))
  const causes = [...others.map(({ message }) => splitMessage(message)), ...left, ...unpublished]
  return [...byCause(causes), ...badNamesOf(report)]
}

const EDITED = 'changed since completedir wrote it'

/** Advice about torrents that were not changed, by reason. */
const LEFT: Partial<Record<SkipReason, string>> = {
  edited: `${EDITED}, so btkit does not update it; for a new one, move it away and run again`,
  outdated:
    'does not match its source, and the state does not record that completedir wrote it; for a new one, move it away and run again',
  'source gone': `${EDITED}, and its source is gone; --force removes it`,
  'source empty': `${EDITED}, and its source is empty; --force removes it`,
}

function whyLeft({ reason, leavesTorrent }: Skip): string | undefined {
  if (!leavesTorrent) return LEFT[reason]
  return `stays and may be outdated, because its source is skipped now (${withOption(reason)}); delete it if it is not needed`
}

/**
 * Splits `/srv/a: no space left on device` into subject and reason. Many subjects may share a
 * reason.
 */
function splitMessage(message: string): Said {
  const at = message.lastIndexOf(': ')
  return at < 0
    ? { what: '', why: message }
    : { what: message.slice(0, at), why: message.slice(at + 2) }
}

/** A report for programs. */
export function completeValue(report: CompleteReport, { seconds, dryRun }: RunFacts): object {
  const { created, updated, adopted, removed, unchanged, failed, skipped } = report
  const { checksumLists, kept, clients, bytesHashed, bytesReused, isInterrupted } = report
  const changes = { created, updated, adopted, removed, unchanged, failed, skipped }
  const work = { bytesHashed, bytesReused, seconds, dryRun, interrupted: isInterrupted }
  return { ...changes, checksumLists, kept, ...clients, ...work }
}
