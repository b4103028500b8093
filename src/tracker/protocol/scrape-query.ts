import { decodeBytes, decodeText } from './query-bytes.js'

/**
 * The info hashes in a scrape's query, sorted by bytes and without duplicates. Empty if the scrape
 * asks for all torrents.
 * @throws TrackerRefusal
 */
export function readScrape(query: string): Uint8Array[] {
  const found = new Map<string, Uint8Array>()
  for (const field of query.split('&')) {
    const equals = field.indexOf('=')
    if (equals === -1 || decodeText(field.slice(0, equals)) !== 'info_hash') continue
    const infoHash = decodeBytes(field.slice(equals + 1), 'info_hash', new Uint8Array(20))
    found.set(latin1(infoHash), infoHash)
  }
  // Bencode sorts keys by bytes, which is the order of latin1 characters
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, infoHash]) => infoHash)
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
