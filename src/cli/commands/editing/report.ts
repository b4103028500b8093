import { isSameInfo } from '../../../core/edit/torrent.js'
import type { EditOutcome } from '../../../core/edit/files.js'
import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { escapeText } from '../../../text/escape.js'
import { seedsOf, type SeedKey } from '../../../metainfo/edit/seeds.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { jsonLine } from '../../../text/json-line.js'

/** An outcome for programs: one line of JSON. */
export function editJson(outcome: EditOutcome): string {
  const { isChanged, before, after } = outcome.error === null ? outcome : NOTHING
  return jsonLine({
    file: outcome.file,
    changed: isChanged,
    infoHash: after?.infoHash ?? null,
    oldInfoHash: before?.infoHash ?? null,
    infoHashV2: after?.infoHashV2 ?? null,
    oldInfoHashV2: before?.infoHashV2 ?? null,
    error: outcome.error?.message ?? null,
  })
}

const NOTHING = { isChanged: false, before: null, after: null }

/** Lines for people, made safe to print. */
export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${escapeText(line)}\n`).join('')
}

/** The trackers that a torrent had, in BitTornado's words. */
export function oldTrackerLines({ file, before }: EditedFile): string[] {
  return trackerLines(before, 'old', ` for ${file}`)
}

/** Trackers, a line for each key that there is. */
export function trackerLines(facts: TorrentFacts, age: 'old' | 'new', whose: string): string[] {
  const { announce, announceList } = facts
  const list = announceList && formatAnnounceList(announceList)
  return [
    ...optional(`${age} announce${whose}`, announce),
    ...optional(`${age} announce-list${whose}`, list),
  ]
}

/** The info hashes before and after, if they differ. */
export function infoHashLines({ before, after }: EditedFile, whose: string): string[] {
  if (isSameInfo(before, after)) return []
  return [...hashLines(before, 'old', whose), ...hashLines(after, 'new', whose)]
}

function hashLines(facts: TorrentFacts, age: 'old' | 'new', whose: string): string[] {
  return [
    ...optional(`${age} info hash${whose}`, facts.infoHash),
    ...optional(`${age} info hash v2${whose}`, facts.infoHashV2),
  ]
}

/** The seeds that a torrent had, in BitTornado's words. */
export function oldSeedLines({ file, before }: EditedFile, key: SeedKey): string[] {
  const what = key === 'httpseeds' ? 'http-seed' : 'web-seed'
  return optional(`old ${what} list for ${file}`, seedsOf(before, key)?.join('|') ?? null)
}

function optional(label: string, value: string | null): string[] {
  return value === null ? [] : [`${label}: ${value}`]
}
