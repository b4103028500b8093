import { magnetLink } from '../../metainfo/magnet.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { ServiceOptions } from '../options.js'
import { trackersAt, type TrackerList } from '../torrents/trackers.js'
import { html, type Html } from '../../base/text/html.js'

// A page has 1,000 rows, so the magnet link of a row has only as much as it needs to work: the info
// hash and one way to peers. The script of the page adds the rest, which is the same for all rows
// or follows from their other links.

/** The parts of magnet links that all rows of a page share. */
export interface MagnetEnd {
  /** The end of the link in each row. */
  readonly row: string
  /** Further parameters, which the page has once. */
  readonly rest: string
}

/** An info hash that is replaced by those of the rows. */
const ANY = '0'.repeat(40) as InfoHash
const START = 'magnet:?xt=urn:btih:'

/** The common parts of the magnet links for a client that reaches the mirror at an address. */
export function magnetEnd(
  { ownTracker, seed }: Pick<ServiceOptions, 'ownTracker' | 'seed'>,
  trackers: TrackerList,
  address: string,
): MagnetEnd {
  const [first = null, ...others] = trackersAt(trackers, ownTracker, address)
  const hosts = [new URL(address).hostname.replace(/^\[|\]$/g, ''), ...(seed?.hosts ?? [])]
  const peers = seed ? [...new Set(hosts)].map((host) => ({ host, port: seed.port })) : []
  // Peers tell each other of trackers and of more peers
  const near = first === null ? peers : []
  return {
    row: parametersOf(first === null ? [] : [first], near),
    rest: parametersOf(others, first === null ? [] : peers),
  }
}

function parametersOf(
  urls: readonly string[],
  peers: readonly { readonly host: string; readonly port: number }[],
): string {
  const announceList = urls.map((url) => [url])
  const source = { infoHash: ANY, infoHashV2: null, name: null, size: 0, announce: null }
  const link = magnetLink({ ...source, announceList, webSeeds: [], peers })
  return link.slice(START.length + ANY.length)
}

/** The magnet link of a row. */
export function rowMagnet(infoHash: InfoHash, { row }: MagnetEnd): string {
  return `${START}${infoHash}${row}`
}

/**
 * The element of the page from which the script completes the links; nothing if there is nothing to
 * add.
 */
export function renderMagnetRest(end: MagnetEnd): Html | false {
  return end.rest !== '' && html`<meta name="magnet" content="${end.rest}" />`
}
