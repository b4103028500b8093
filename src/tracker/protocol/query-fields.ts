import { decodeText } from './query-bytes.js'
import { malformed } from './refusal.js'

/** The known fields of an announce; null if missing. Each character stands for a byte. */
export class QueryFields {
  /** Still escaped; see `decodeBytes`. */
  infoHash: string | null = null
  /** Still escaped; see `decodeBytes`. */
  peerId: string | null = null
  port: string | null = null
  left: string | null = null
  event: string | null = null
  numwant: string | null = null
  compact: string | null = null
  noPeerId: string | null = null
  key: string | null = null
  ip: string | null = null
  ipv4: string | null = null
  ipv6: string | null = null
}

/**
 * Reads the fields of a query. If a field appears twice, the first one counts.
 * @throws TrackerRefusal if `info_hash`, `peer_id` or `port` appears twice
 */
export function fieldsOf(query: string): QueryFields {
  const fields = new QueryFields()
  let at = 0
  while (at < query.length) {
    let end = query.indexOf('&', at)
    if (end === -1) end = query.length
    const equals = query.indexOf('=', at)
    if (equals !== -1 && equals < end) {
      setField(fields, decodeText(query.slice(at, equals)), query.slice(equals + 1, end))
    }
    at = end + 1
  }
  return fields
}

/** A switch, because access by a computed name is slower. */
function setField(fields: QueryFields, name: string, value: string): void {
  switch (name) {
    case 'info_hash':
      fields.infoHash = once(fields.infoHash, value, name)
      break
    case 'peer_id':
      fields.peerId = once(fields.peerId, value, name)
      break
    case 'port':
      fields.port = once(fields.port, decodeText(value), name)
      break
    case 'left':
      fields.left ??= decodeText(value)
      break
    case 'event':
      fields.event ??= decodeText(value)
      break
    case 'numwant':
      fields.numwant ??= decodeText(value)
      break
    case 'compact':
      fields.compact ??= decodeText(value)
      break
    case 'no_peer_id':
      fields.noPeerId ??= decodeText(value)
      break
    case 'key':
      fields.key ??= decodeText(value)
      break
    case 'ip':
      fields.ip ??= decodeText(value)
      break
    case 'ipv4':
      fields.ipv4 ??= decodeText(value)
      break
    case 'ipv6':
      fields.ipv6 ??= decodeText(value)
      break
    default:
  }
}

function once(before: string | null, value: string, name: string): string {
  if (before !== null) throw malformed(`${name} appears twice`)
  return value
}
