import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import { seedsOf, type SeedKey } from '../../../metainfo/edit/lists.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { optional } from './edit-output.js'

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
