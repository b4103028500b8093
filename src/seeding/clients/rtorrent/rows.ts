import { asInfoHash, asText } from '../http-call.js'
import { MARK, type ClientTorrent } from '../../../core/publish/client.js'
import type { InfoHash } from '../../../metainfo/values.js'
import type { XmlRpcValue } from './xml-rpc.js'

/** The requested fields of each torrent, in this order. */
export const FIELDS = [
  'd.hash=',
  'd.name=',
  'd.directory=',
  'd.is_multi_file=',
  'd.custom1=',
  'd.is_active=',
  'd.is_hash_checking=',
  'd.complete=',
  'd.message=',
  'd.size_bytes=',
  'd.completed_bytes=',
  'd.peers_connected=',
  'd.up.rate=',
  'd.down.rate=',
  'd.ratio=',
]

/**
 * A command that returns in one value whether a torrent of btkit is seeded. For thousands of
 * torrents this takes a fraction of the time of all fields.
 */
export const SEEDED_FIELD =
  'cat=$d.hash=,$d.is_active=,$d.complete=,$d.is_hash_checking=,$d.custom1='

/** Matches a value of SEEDED_FIELD for a marked torrent that is seeded. */
const SEEDED = new RegExp(`<string>([0-9A-F]{40})110${MARK}</string>`, 'g')

/**
 * Returns the info hashes of marked torrents that are seeded, from an answer with only values of
 * SEEDED_FIELD. The answer is not parsed as XML, which would take most of the time. Text in it
 * cannot look like a value, because XML escapes its brackets.
 */
export function seededHashes(answer: string): ReadonlySet<InfoHash> {
  return new Set(Array.from(answer.matchAll(SEEDED), ([, hash]) => asInfoHash(hash)))
}

/** Converts the values of FIELDS to a torrent. */
export function readTorrent(row: readonly XmlRpcValue[]): ClientTorrent {
  const [infoHash, name, directory = '', isMultiFile, mark, isActive, isChecking] = row.map(asText)
  const parentLength = Math.max(1, directory.lastIndexOf('/'))
  const [isComplete, message, ...figures] = row.slice(7).map(asText)
  const [size = 0, bytesDone = 0, peers = 0, uploadRate = 0, downloadRate = 0, ratio = 0] =
    figures.map(Number)
  const running = isComplete === '1' ? 'seeding' : 'downloading'
  return {
    infoHash: asInfoHash(infoHash),
    name: name ?? '',
    directory: isMultiFile === '1' ? directory.slice(0, parentLength) : directory,
    isMarked: mark === MARK,
    state: isChecking === '1' ? 'checking' : isActive === '1' ? running : 'stopped',
    message: message || null,
    size,
    bytesDone,
    peers,
    uploadRate,
    downloadRate,
    ratio: ratio / 1000,
  }
}
