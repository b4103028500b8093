import type { Pause } from '../../server/pages/slices.js'
import { namedView, viewAddress, viewByQuery, type ViewName } from '../requests/asked-view.js'
import type { ListingRow } from './listing.js'

/** The addresses of an entry and its views, relative to its directory. */
export interface RowLinks {
  readonly address: string
  /** Null if the entry has none. */
  readonly torrent: string | null
  readonly magnet: string | null
}

/** Names of entries that occupy the addresses of other entries' views. */
type Taken = ReadonlySet<string>

/** A link of an entry with its text. */
export interface NamedLink {
  readonly text: string
  readonly address: string
}

/** The end of a torrent's name. */
const TORRENT = /\.torrent$/i

/** Entries processed between two pauses. */
const CHUNK = 1000

/**
 * The names of entries that occupy the addresses of other entries' views, such as a.iso.sha256
 * beside a.iso.
 */
export async function findTaken(rows: readonly ListingRow[], pause: Pause): Promise<Set<string>> {
  const shadows = new Map<string, string[]>()
  const taken = new Set<string>()
  const inChunks = async (act: (name: string) => void) => {
    for (let start = 0; start < rows.length; start += CHUNK) {
      for (const { name } of rows.slice(start, start + CHUNK)) act(name)
      await pause()
    }
  }
  await inChunks((name) => {
    const of = namedView(name)?.of
    if (of !== undefined) shadows.set(of, [...(shadows.get(of) ?? []), name])
  })
  if (shadows.size > 0) {
    await inChunks((name) => {
      for (const each of shadows.get(name) ?? []) taken.add(each)
    })
  }
  return taken
}

/** The address of an entry, relative to its directory. */
export function addressOf({ name, isDirectory }: Pick<ListingRow, 'name' | 'isDirectory'>): string {
  // With the dot, no name can look like a scheme or host
  return `./${encodeURIComponent(name)}${isDirectory ? '/' : ''}`
}

/** The links of an entry. Empty files and torrents have no torrent. */
export function linksOf(row: ListingRow, taken: Taken): RowLinks {
  const { name, isDirectory, size } = row
  const address = addressOf(row)
  if (isDirectory) return { address, ...viewsByQuery(address) }
  if (size === 0 || TORRENT.test(name)) return { address, torrent: null, magnet: null }
  const linkTo = (view: ViewName) => viewAddress(address, view, taken.has(`${name}.${view}`))
  return { address, torrent: linkTo('torrent'), magnet: linkTo('magnet') }
}

/**
 * Further links of an entry, which few people need. If the mirror has a checksum file or metalink
 * of that name, there is no link: the publisher's file counts.
 */
export function furtherLinksOf(row: ListingRow, taken: Taken): NamedLink[] {
  const { address, torrent } = linksOf(row, taken)
  const digests = (['sha256', 'meta4'] as const).filter((view) => {
    return !row.isDirectory && !taken.has(`${row.name}.${view}`)
  })
  const links = digests.map((view) => {
    return { text: WORDS[view], address: viewAddress(address, view, false) }
  })
  return torrent === null
    ? links
    : [...links, { text: 'hybrid torrent', address: asHybrid(torrent) }]
}

const WORDS = { sha256: 'SHA-256', meta4: 'metalink' }

/** The address of a torrent's hybrid; `torrent` may have a query. */
export function asHybrid(torrent: string): string {
  return `${torrent}${torrent.includes('?') ? '&' : '?'}hybrid`
}

/** The torrent and magnet link of an address, by queries, which work for every name. */
export function viewsByQuery(address: string): { torrent: string; magnet: string } {
  return { torrent: viewByQuery(address, 'torrent'), magnet: viewByQuery(address, 'magnet') }
}
