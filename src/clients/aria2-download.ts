import type { ClientTorrent } from '../core/publish/client.js'
import { asNumber, asObject, asText, type JsonObject } from './json-value.js'

/** The requested values of a download. */
export const KEYS = [
  'gid',
  'status',
  'totalLength',
  'completedLength',
  'uploadLength',
  'uploadSpeed',
  'downloadSpeed',
  'connections',
  'dir',
  'infoHash',
  'bittorrent',
  'errorMessage',
  'verifiedLength',
  'verifyIntegrityPending',
]

/**
 * The prefix of download identifiers that btkit chose; they have 16 hexadecimal digits. The first
 * digits of the torrent's info hash follow. The prefix marks btkit's downloads, because aria2 has
 * no labels.
 */
const GID_PREFIX = 'b7'

/** Whether a download is only listed because of its result. */
export function isOver(status: unknown): boolean {
  return status === 'removed' || status === 'complete'
}

/** Returns the identifier that btkit gives a torrent's download. */
export function gidOf(infoHash: string): string {
  return GID_PREFIX + infoHash.slice(0, 16 - GID_PREFIX.length)
}

/** Converts a download with the values of KEYS to the common form of all clients. */
export function readTorrent(download: JsonObject): ClientTorrent {
  const infoHash = asText(download['infoHash'])
  const size = asNumber(download['totalLength'])
  const info = asObject(asObject(download['bittorrent'])['info'])
  return {
    infoHash,
    name: asText(info['name']),
    directory: asText(download['dir']),
    isMarked: asText(download['gid']) === gidOf(infoHash),
    state: readState(download),
    message: asText(download['errorMessage']) || null,
    size,
    bytesDone: asNumber(download['completedLength']),
    peers: asNumber(download['connections']),
    uploadRate: asNumber(download['uploadSpeed']),
    downloadRate: asNumber(download['downloadSpeed']),
    ratio: size === 0 ? 0 : asNumber(download['uploadLength']) / size,
  }
}

function readState(download: JsonObject): ClientTorrent['state'] {
  const { status, verifiedLength, verifyIntegrityPending } = download
  if (status === 'error') return 'error'
  if (verifiedLength !== undefined || verifyIntegrityPending === 'true') return 'checking'
  if (status === 'paused') return 'stopped'
  if (status === 'waiting') return 'queued'
  return download['completedLength'] === download['totalLength'] ? 'seeding' : 'downloading'
}
