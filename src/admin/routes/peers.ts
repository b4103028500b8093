import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { banAddress } from './bans.js'
import { BtkitError } from '../../errors.js'
import { readSwarmHash, swarmHashes } from '../../metainfo/info-hash.js'
import { query } from '../../pages/form.js'
import type { Answer } from '../../pages/frame.js'
import { renderTable } from '../../pages/table.js'
import { type HtmlValue, html } from '../../text/html.js'
import { counted, formatDuration } from '../../text/quantity.js'
import { formatAddress } from '../../tracker/protocol/peer-address.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { ListedPeer } from '../../tracker/swarms/swarm-types.js'

/** The most peers of a torrent that are listed. */
const MOST_SHOWN = 200

/** The page of a torrent's peers, for those who may ban them: the public never sees addresses. */
export function peersRoutes({
  tracker,
}: {
  readonly tracker: Pick<RunningTracker, 'view'>
}): AdminRoute[] {
  return [
    { method: 'GET', path: 'peers', needs: 'ban', handle: (context) => show(context, tracker) },
  ]
}

function show(context: AdminContext, { view }: Pick<RunningTracker, 'view'>): Answer {
  const hash = readSwarmHash(context.query.text('of'))
  if (hash === null) throw new BtkitError('usage', 'the address names no info hash')
  const metainfo = view.torrents.torrents.get(hash)?.metainfo
  // A hybrid has two swarms
  const hashes = metainfo ? swarmHashes(metainfo) : [hash]
  const peers = hashes.flatMap((each) => [
    ...view.store.peersOf(Buffer.from(each, 'hex'), MOST_SHOWN),
  ])
  const rows = peers.slice(0, MOST_SHOWN).map((peer) => rowOf(peer, hash))
  return context.page({
    title: `Peers of ${metainfo?.name ?? hash}`,
    content: html`<section>
      ${rows.length === 0 ? html`<p>No peers are there now.</p>` : renderTable({ label: 'Peers', columns: COLUMNS, rows })}
      <p class="muted">
        At most ${counted(MOST_SHOWN, 'peer')} are listed, seeds first. A client is known by the
        first letters of its peer id, such as -qB5010- of qBittorrent 5.1. The tracker does not keep
        what peers say of their uploads and downloads.
      </p>
    </section>`,
  })
}

const COLUMNS = [
  { title: 'Address', kind: 'name' },
  { title: 'Port', kind: 'n' },
  { title: 'Client' },
  { title: 'State' },
  { title: 'Last announce', kind: 'n' },
  { title: '' },
] as const

function rowOf({ address, port, peerId, state, age }: ListedPeer, hash: string): HtmlValue[] {
  const shown = formatAddress(address)
  const client = Buffer.from(peerId.subarray(0, 8)).toString('latin1')
  const ban = banAddress('addresses', shown, `peers${query({ of: hash })}`)
  return [
    shown,
    String(port),
    html`<code>${client}</code>`,
    state,
    `${formatDuration(age)} ago`,
    html`<a href="${ban}" aria-label="Ban ${shown}">ban</a>`,
  ]
}
