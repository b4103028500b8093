import type { EditOutcome } from '../../../core/edit/files.js'
import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
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
