import { setImmediate } from 'node:timers/promises'
import { SLICE } from '../../../page-parts/slices.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import type { InfoHash } from '../../../metainfo/values.js'
import type { SwarmRow } from '../../pages/overview/swarm-row.js'
import { type Category, type ListedCategory, shownName } from '../storage/places.js'
import type { FormsParts } from './parts.js'

/** A torrent's file in a category, with its own name, and what the tracker knows of it. */
export interface Listed extends SwarmRow {
  readonly name: string
  readonly within: Category
  readonly file: string
  readonly path: string
  /** The torrent as other pages show it; null if it is not tracked. */
  readonly tracked: SwarmRow | null
}

/** The torrents in some categories. */
export async function torrentsIn(
  categories: readonly ListedCategory[],
  { snapshots, bannedAt }: Pick<FormsParts, 'snapshots' | 'bannedAt'>,
): Promise<Listed[]> {
  const { byPath } = await snapshots.get()
  const all: Listed[] = []
  for (const within of categories) {
    for (const file of within.torrents) {
      // The tracker answers meanwhile
      if (all.length % SLICE === 0) await setImmediate()
      const path = `${within.path}/${file}`
      all.push(listedAt({ within, file, path }, byPath.get(path) ?? null, bannedAt))
    }
  }
  return all
}

/** All properties are listed: see rowOf of snapshots. */
function listedAt(
  { within, file, path }: Pick<Listed, 'within' | 'file' | 'path'>,
  tracked: SwarmRow | null,
  bannedAt: FormsParts['bannedAt'],
): Listed {
  const banned = tracked ? null : bannedAt(path)
  const summary = tracked?.summary ?? banned?.metainfo ?? null
  const name = shownName(file)
  return {
    infoHash: tracked?.infoHash ?? banned?.infoHash ?? NO_HASH,
    torrent: tracked?.torrent ?? null,
    summary,
    category: null,
    name,
    lowerName: tracked?.lowerName ?? '',
    nameKey: naturalKey(name),
    size: summary?.size ?? null,
    complete: tracked?.complete ?? -1,
    downloading: tracked?.downloading ?? -1,
    downloaded: tracked?.downloaded ?? -1,
    within,
    file,
    path,
    tracked,
  }
}

const NO_HASH = '' as InfoHash

/** The names by which a torrent is found, in lower case. */
export function textOf({ within, file, summary }: Listed): string {
  return [...within.names, file, summary?.name].join('/').toLowerCase()
}
