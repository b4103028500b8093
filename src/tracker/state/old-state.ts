import { BtkitError } from '../../errors.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../../metainfo/bencode/value.js'
import { parseAddress } from '../protocol/peer-address.js'
import { PeerFlag } from '../swarms/peer-table.js'
import {
  PEER4_SIZE,
  PEER6_SIZE,
  RecordKind,
  SWARM_SIZE,
  RecordWriter,
} from '../swarms/swarm-records.js'

/** The largest `dfile` that is read, in bytes. */
export const MAX_OLD_STATE = 512 * 1024 * 1024

const LATIN1 = 'latin1'

/**
 * Converts a `dfile` of bttrack into the records that SwarmStore saves: peers and number of
 * downloads of each torrent. Invalid entries are skipped.
 * @throws BtkitError `bencode` if the bytes are not bencoded
 */
export function* convertOldState(bytes: Uint8Array): Generator<Uint8Array, void> {
  const { value } = readBencode(bytes, { maxSize: MAX_OLD_STATE, maxDepth: 20 })
  if (!(value instanceof Map)) throw new BtkitError('bencode', 'not a dictionary')
  // The oldest versions saved only the peers
  const peers = asDict(value.get('peers') ?? value)
  const completed = asDict(value.get('completed'))
  for (const hash of new Set([...peers.keys(), ...completed.keys()])) {
    const infoHash = Buffer.from(hash, LATIN1)
    if (infoHash.length !== 20) continue
    const swarm = new Uint8Array(SWARM_SIZE)
    const count = Math.min(asCount(completed.get(hash)), 0xffffffff)
    new RecordWriter(swarm).swarm(0, infoHash, count)
    yield swarm
    for (const [id, peer] of asDict(peers.get(hash))) {
      const record = convertPeer(Buffer.from(id, LATIN1), asDict(peer))
      if (record) yield record
    }
  }
  yield Uint8Array.of(RecordKind.end)
}

function convertPeer(id: Buffer, peer: BencodeDict): Uint8Array | null {
  const address = parseAddress(asText(peer.get('ip')))
  const port = asCount(peer.get('port'))
  if (id.length !== 20 || !address || port > 65535) return null
  const isV6 = !asText(peer.get('ip')).includes('.')
  const isSeed = peer.get('left') === 0
  const flags = (isV6 ? PeerFlag.v6 : 0) | (isSeed ? PeerFlag.seed : 0)
  const record = new Uint8Array(isV6 ? PEER6_SIZE : PEER4_SIZE)
  const writer = new RecordWriter(record)
  writer.peer(0, { flags, age: 0, port, key: 0 })
  writer.identity(0, { id, address: isV6 ? address : address.subarray(12) })
  return record
}

function asDict(value: BencodeValue | undefined): BencodeDict {
  return value instanceof Map ? value : new Map<string, BencodeValue>()
}

function asCount(value: BencodeValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 0
}

function asText(value: BencodeValue | undefined): string {
  return isByteString(value) ? Buffer.from(value).toString(LATIN1) : ''
}
