import { magnetLink } from '../../metainfo/magnet.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import { chosenQuery, viewAddress, viewByQuery } from '../tree/address.js'
import type { ServedTorrent } from '../torrents/served-torrent.js'
import { type ComposeForm, torrentForm, type TorrentSurroundings } from './response.js'
import { type FilePage, filePage } from '../pages/file-page.js'
import type { HeaderOptions } from '../pages/site-header.js'
import { attachmentNamed } from '../../server/headers/attachment.js'

/** The function that composes a view of a place's torrent. */
export function formOf(view: 'torrent' | 'magnet' | 'btih', place: FormPlace): ComposeForm {
  if (view === 'btih') return ({ infoHash }) => textForm(infoHash)
  if (view === 'magnet') {
    return (torrent, around) => {
      const { body, headers } = textForm(magnetOf(torrent, around, place))
      return { body, headers: { ...headers, ...magnetHeaders(around) } }
    }
  }
  return (torrent, around) => {
    const disposition = attachmentNamed(`${torrent.title.name}.torrent`)
    const made = torrentForm(torrent, around, torrent.modified, disposition)
    // The operator's own torrent has more keys than those that made the ETag
    return torrent.given ? { body: torrent.given.bytes, headers: made.headers } : made
  }
}

/** Composes the page that a browser gets for a magnet link. */
export function magnetPage(
  place: FormPlace,
  page: Omit<FilePage, 'made'>,
  options: HeaderOptions,
): ComposeForm {
  return (torrent, around) => {
    const magnet = magnetOf(torrent, around, place)
    const { files, size } = torrent.title
    const address = torrentAddress(around.addresses[0], place)
    const answer = filePage({ ...page, made: { magnet, address, files, size } }, options)
    const headers = { ...answer.headers, ...magnetHeaders(around) }
    return { body: Buffer.from(answer.body), headers }
  }
}

/** No cache keeps a link with an address of the seed, which may be that of this client alone. */
function magnetHeaders({ peers }: TorrentSurroundings): Readonly<Record<string, string>> {
  return {
    Vary: 'Accept, Accept-Encoding',
    ...(peers.length > 0 && { 'Cache-Control': 'no-store' }),
  }
}

function textForm(line: string) {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', Vary: 'Accept-Encoding' }
  return { body: Buffer.from(`${line}\n`), headers }
}

function magnetOf(
  { infoHashes, title, given }: ServedTorrent,
  { announceList, addresses, webSeeds, peers }: TorrentSurroundings,
  place: FormPlace,
): string {
  const { name, size } = title
  const exactSource = torrentAddress(addresses[0], place)
  const own = {
    announce: given?.announce ?? null,
    announceList: given ? (given.announceList ?? []) : announceList.map((tier) => [...tier]),
    webSeeds: given ? (given.webSeeds ?? []) : [...webSeeds],
  }
  return magnetLink({ ...infoHashes, name, size, ...own, exactSource, peers })
}

/** The subject of a view, and the form of its torrent's URL. */
export interface FormPlace {
  readonly components: readonly string[]
  readonly version: MetainfoVersion
  /** Whether a file has the torrent's name, so that the view needs a query. */
  readonly isTaken: boolean
  /** The entries of the directory that are chosen; null for all. */
  readonly chosen: readonly string[] | null
}

/** URL of the .torrent of a place; `base` is that of the mirror's root. */
export function torrentAddress(base: string, place: FormPlace): string {
  const { components, version, isTaken, chosen } = place
  if (chosen) {
    const address = viewByQuery(directoryAddress(base, components), 'torrent')
    return `${address}${version === 'v1' ? '' : `&${version}`}${chosenQuery(chosen)}`
  }
  const address = viewAddress(fileAddress(base, components), 'torrent', isTaken)
  return version === 'v1' ? address : `${address}${isTaken ? '&' : '?'}${version}`
}
