import type { TorrentClient } from '../../core/publish/client.js'
import type { ClientAddress } from './address.js'
import { DelugeClient } from './deluge.js'
import type { HttpCallOptions } from './http-call.js'
import { QbittorrentClient } from './qbittorrent.js'
import { RtorrentClient } from './rtorrent/rtorrent.js'
import { TransmissionClient } from './transmission.js'

const CLIENTS = {
  deluge: DelugeClient,
  qbittorrent: QbittorrentClient,
  rtorrent: RtorrentClient,
  transmission: TransmissionClient,
}

/** Creates the driver for a client. Sends nothing yet. */
export function connectClient(
  address: ClientAddress,
  options: Omit<HttpCallOptions, 'label'>,
): TorrentClient {
  return new CLIENTS[address.kind](address, { ...options, label: address.label })
}
