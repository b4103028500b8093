import { metadataFromPeers } from '../../../core/download/metadata.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { MagnetLink } from '../../../metainfo/parse/magnet.js'
import { waitingFor } from '../../arguments/open-clients.js'
import { reportNote } from '../../output/messages.js'
import type { Downloader } from './client.js'
import type { DownloadOptions } from './options.js'

/**
 * The torrent of a magnet link, from the peers that a client finds.
 * @throws BtkitError those of metadataFromPeers and makeScratchDirectory
 */
export async function torrentFromPeers(
  magnet: MagnetLink,
  { client, io, makeScratch, release }: Downloader,
  { metadataTimeout, maxTorrentSize, quiet }: DownloadOptions,
): Promise<Metainfo> {
  if (!quiet) reportNote('looking for peers that have the torrent of the magnet link', io)
  const scratch = makeScratch()
  const waiting = waitingFor(metadataTimeout, io)
  try {
    const request = { ...scratch, maxSize: maxTorrentSize, waiting, release }
    return await metadataFromPeers(client, magnet, request)
  } finally {
    scratch.remove()
  }
}
