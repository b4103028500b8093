import { escapeText } from '../../text/escape.js'
import { isWhole, type ClientTorrent } from '../../core/publish/client.js'

/** What a torrent is doing, in a line as BitTornado's launchmany has it. */
export function torrentLine(torrent: ClientTorrent): string {
  const { name, state, size, bytesDone, peers, uploadRate, downloadRate, message } = torrent
  const done = isWhole(torrent) ? 100 : (100 * bytesDone) / size
  const rates = `u${kilobytes(uploadRate)}-d${kilobytes(downloadRate)}`
  const line = `"${name}": "${state}" (${done.toFixed(1)}%) - ${peers}P ${rates} "${message ?? ''}"`
  return escapeText(line)
}

function kilobytes(rate: number): string {
  return `${(rate / 1024).toFixed(1)}K/s`
}
