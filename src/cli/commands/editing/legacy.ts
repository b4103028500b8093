import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import { seedsOf, type SeedKey } from '../../../metainfo/edit/lists.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { optional } from './report.js'

/** What a command prints that is called by BitTornado's name, for the scripts that read it. */
export interface LegacyWords {
  /** Lines that come before those of the torrents. */
  readonly heading?: readonly string[]
  readonly describe: (edited: EditedFile) => string[]
}

/** The trackers that a torrent had. */
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

/** The seeds that a torrent had. */
export function oldSeedLines({ file, before }: EditedFile, key: SeedKey): string[] {
  const what = key === 'httpseeds' ? 'http-seed' : 'web-seed'
  return optional(`old ${what} list for ${file}`, seedsOf(before, key)?.join('|') ?? null)
}

/** Both names of a torrent, and both info hashes, which BitTornado did not tell. */
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
