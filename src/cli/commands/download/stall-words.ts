import type { Stall } from '../../../core/download/stall.js'
import type { ClientTorrent } from '../../../core/publish/client.js'
import { count } from '../../../text/quantity.js'

const MINUTE_MS = 60_000

/** That nothing comes of a torrent, how long it has been so, and why as far as its client tells. */
export function stallNote(torrent: ClientTorrent, { forMs }: Stall): string {
  const time = count(Math.floor(forMs / MINUTE_MS), 'minute')
  return `${torrent.name}: nothing has come for ${time}: ${stallReason(torrent)}`
}

/** Why nothing comes of a torrent, with the words of its client if it has any. */
export function stallReason(torrent: ClientTorrent): string {
  const { message } = torrent
  return [whatHolds(torrent), ...(message === null ? [] : [message])].join('; ')
}

function whatHolds({ state, peers }: ClientTorrent): string {
  if (state === 'queued') return 'the client has it wait for its turn'
  if (state === 'stopped') return 'the client has stopped it'
  if (peers === 0) return 'no peer is connected'
  const [are, send] = peers === 1 ? ['is', 'sends'] : ['are', 'send']
  return `${count(peers, 'peer')} ${are} connected, and ${send} nothing`
}
