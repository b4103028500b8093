import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { banAddress, type BanParts } from './bans.js'
import { BtkitError } from '../../../base/errors.js'
import { readSwarmHash, swarmHashes } from '../../../metainfo/info-hash.js'
import { query } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable } from '../../../page-parts/table.js'
import { renderTime } from '../../../page-parts/time.js'
import { type Html, type HtmlValue, html } from '../../../base/text/html.js'
import { counted } from '../../../base/text/quantity.js'
import { formatAddress } from '../../swarms/peer-address.js'
import type { ListedPeer } from '../../swarms/swarm-types.js'

/** The most peers of a torrent that are listed. */
const MOST_SHOWN = 200

/** The page of a torrent's peers, for those who may ban them: the public never sees addresses. */
export function peersRoutes(parts: Pick<BanParts, 'tracker' | 'now'>): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: 'peers',
      under: 'bans',
      needs: 'ban',
      handle: (context) => show(context, parts),
    },
  ]
}

function show(
  context: AdminContext,
  { tracker: { view }, now }: Pick<BanParts, 'tracker' | 'now'>,
): Answer {
  const hash = readSwarmHash(context.query.text('of'))
  if (hash === null) throw new BtkitError('usage', 'the address names no info hash')
  const metainfo = view.torrents.torrents.get(hash)?.metainfo
  // A hybrid has two swarms
  const hashes = metainfo ? swarmHashes(metainfo) : [hash]
  const peers = hashes.flatMap((each) => [
    ...view.store.peersOf(Buffer.from(each, 'hex'), MOST_SHOWN),
  ])
  const rows = peers.slice(0, MOST_SHOWN).map((peer) => rowOf(peer, hash, now()))
  return context.page({
    title: `Peers of ${metainfo?.name ?? hash}`,
    above: [{ address: 'torrents', title: 'Torrents' }],
    acts: html`<a class="button" href="${banAddress('torrents', hash, 'torrents')}"
      >Ban the torrent</a
    >`,
    content: html`${rows.length === 0 ? html`<p>No peers are there now.</p>` : renderTable({ label: 'Peers', columns: COLUMNS, rows })}
      <p class="muted">
        At most ${counted(MOST_SHOWN, 'peer')} are listed, seeds first. A client is known by the
        first letters of its peer id. The tracker does not keep what peers say of their uploads and
        downloads.
      </p>`,
  })
}

const COLUMNS = [
  ['Address', 'name'],
  ['Port', 'n'],
  ['Client'],
  ['State'],
  ['Last announce', 'date'],
  [''],
] as const

function rowOf(peer: ListedPeer, hash: string, now: number): HtmlValue[] {
  const { address, port, peerId, state, age } = peer
  const shown = formatAddress(address)
  const ban = banAddress('addresses', shown, `peers${query({ of: hash })}`)
  return [
    shown,
    String(port),
    renderClient(Buffer.from(peerId).toString('latin1')),
    state,
    renderTime(now - age * 1000, 'second'),
    html`<a href="${ban}" aria-label="Ban ${shown}">ban</a>`,
  ]
}

/**
 * The usual clients by the two letters of their peer ids, as BEP 20 and their sources have them.
 */
const CLIENTS: Readonly<Record<string, string>> = {
  AZ: 'Vuze',
  BC: 'BitComet',
  BI: 'BiglyBT',
  BK: 'btkit',
  BT: 'BitTorrent',
  DE: 'Deluge',
  KT: 'KTorrent',
  LT: 'libtorrent',
  TR: 'Transmission',
  UM: 'µTorrent Mac',
  UT: 'µTorrent',
  WW: 'WebTorrent',
  XL: 'Xunlei',
  lt: 'libTorrent (rTorrent)',
  qB: 'qBittorrent',
}

/** Clients whose version has two parts of two digits each. */
const PAIRS: readonly string[] = ['BC', 'WW']

/**
 * The name and version of a client with its code as a title, or only the code of an unknown one.
 */
function renderClient(peerId: string): Html {
  const code = peerId.slice(0, 8)
  const name = azureusName(code) ?? aria2Name(peerId)
  return name === null ? html`<code>${code}</code>` : html`<span title="${code}">${name}</span>`
}

/** A code such as -qB5010-: two letters and four digits, of which letters are 10 and more. */
function azureusName(code: string): string | null {
  const [, letters = '', digits = ''] = /^-([a-z]{2})([\da-z]{4})-$/i.exec(code) ?? []
  const name = CLIENTS[letters]
  if (name === undefined) return null
  if (PAIRS.includes(letters))
    return `${name} ${Number(digits.slice(0, 2))}.${Number(digits.slice(2))}`
  const numbers = Array.from(digits, (digit) => parseInt(digit, 36))
  // The last one is 0 of releases, and a letter of others
  const count = /[1-9]$/.test(digits) ? 4 : 3
  return `${name} ${numbers.slice(0, count).join('.')}`
}

function aria2Name(peerId: string): string | null {
  const [, major, minor, patch = '0'] = /^A2-(\d+)-(\d+)-(?:(\d+)-)?/.exec(peerId) ?? []
  if (major === undefined) return null
  return `aria2 ${major}.${minor}${patch === '0' ? '' : `.${patch}`}`
}
