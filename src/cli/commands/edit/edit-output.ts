import type { EditOutcome } from '../../../core/edit/files.js'
import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
import { seedsOf, type SeedKey } from '../../../metainfo/edit/lists.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { failureKeys, torrentKeys } from '../../output/torrent-json.js'
import { jsonLine } from '../../../text/escape.js'

/** Formats an outcome for programs: one line of JSON. */
export function editJson(outcome: EditOutcome, dryRun: boolean): string {
  const { isChanged, before, after } = outcome.error === null ? outcome : NOTHING
  return jsonLine({
    ...torrentKeys(outcome.file, after),
    file: outcome.file,
    changed: isChanged,
    dryRun,
    oldInfoHash: before?.infoHash ?? null,
    oldInfoHashV2: before?.infoHashV2 ?? null,
    ...failureKeys(outcome.error),
  })
}

const NOTHING = { isChanged: false, before: null, after: null }

/** The values that an edit can change, with their labels, in the order of the output. */
const FACTS: readonly (readonly [label: string, read: (facts: TorrentFacts) => string | null])[] = [
  ['announce', ({ announce }) => announce],
  ['announce-list', ({ announceList }) => announceList && formatAnnounceList(announceList)],
  ['HTTP seeds', ({ httpSeeds }) => httpSeeds?.join('|') ?? null],
  ['web seeds', ({ webSeeds }) => webSeeds?.join('|') ?? null],
  ['nodes', ({ nodes }) => nodes?.map(formatDhtNode).join('|') ?? null],
  ['similar torrents', ({ similar }) => similar?.join('|') ?? null],
  ['collections', ({ collections }) => collections?.join('|') ?? null],
  ['name', ({ name }) => name],
  ['comment', ({ comment }) => comment],
  ['creator', ({ createdBy }) => createdBy],
  ['creation date', dateOf],
  ['private flag', (facts) => (facts.private ? 'yes' : null)],
  ['source', ({ source }) => source],
  ['info hash', ({ infoHash }) => infoHash],
  ['info hash v2', ({ infoHashV2 }) => infoHashV2],
]

/** The creation date in the format of `--date`: `2026-11-20T07:21:47Z`. */
function dateOf({ creationDate }: TorrentFacts): string | null {
  if (creationDate === null) return null
  return new Date(creationDate * 1000).toISOString().replace('.000Z', 'Z')
}

/** Lines with all changed values, old and new. Empty if nothing changed. */
export function changeLines(edited: EditedFile, dryRun: boolean): string[] {
  const { file, isChanged, before, after } = edited
  if (!isChanged) return []
  const details = FACTS.flatMap(([label, read]) => {
    const [old, now] = [read(before), read(after)]
    if (old === now) return []
    return [
      ...optional(`old ${label} for ${file}`, old),
      ...optional(`new ${label} for ${file}`, now),
    ]
  })
  return [`${dryRun ? 'would change' : 'changed'} ${file}`, ...details]
}

/** A line for a value; none if it is null. */
export function optional(label: string, value: string | null): string[] {
  return value === null ? [] : [`${label}: ${value}`]
}

/** The output of a command under its BitTornado name. Scripts read it. */
export interface LegacyWords {
  /** Lines before those of the torrents. */
  readonly heading?: readonly string[]
  readonly describe: (edited: EditedFile) => string[]
}

/** Lines with the old trackers of a torrent. */
export function oldTrackerLines({ file, before }: EditedFile): string[] {
  return trackerLines(before, 'old', ` for ${file}`)
}

/** One line for each tracker key in a torrent. */
export function trackerLines(facts: TorrentFacts, age: 'old' | 'new', whose: string): string[] {
  const { announce, announceList } = facts
  const list = announceList && formatAnnounceList(announceList)
  return [
    ...optional(`${age} announce${whose}`, announce),
    ...optional(`${age} announce-list${whose}`, list),
  ]
}

/** Lines with the old seeds of a torrent. */
export function oldSeedLines({ file, before }: EditedFile, key: SeedKey): string[] {
  const what = key === 'httpseeds' ? 'http-seed' : 'web-seed'
  return optional(`old ${what} list for ${file}`, seedsOf(before, key)?.join('|') ?? null)
}

/**
 * Lines with both names. If the info hashes differ, these follow; BitTornado did not print them.
 */
export function renameLines({ before, after }: EditedFile): string[] {
  return [
    `old filename: ${before.name}`,
    `new filename: ${after.name}`,
    ...(isSameInfo(before, after) ? [] : [...hashLines(before, 'old'), ...hashLines(after, 'new')]),
    'done.',
  ]
}

function hashLines({ infoHash, infoHashV2 }: TorrentFacts, age: 'old' | 'new'): string[] {
  return [...optional(`${age} info hash`, infoHash), ...optional(`${age} info hash v2`, infoHashV2)]
}
