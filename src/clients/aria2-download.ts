import type { ClientTorrent } from '../core/publish/client.js'
import { asNumber, asObject, asText, type JsonObject } from './json-value.js'

/** The values of a download that are asked for. */
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
 * How an identifier of 16 hexadecimal digits begins that btkit chose for a torrent; the first digits
 * of its info hash follow. That is the mark, as aria2 knows no labels.
 */
const GID_PREFIX = 'b7'

/** Whether a download stays in the list for its result alone. */
export function isOver(status: unknown): boolean {
  return status === 'removed' || status === 'complete'
}

/** The identifier that btkit gives a torrent's download. */
export function gidOf(infoHash: string): string {
  return GID_PREFIX + infoHash.slice(0, 16 - GID_PREFIX.length)
}

/** A download with the values of KEYS, as all clients have it. */
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
