import type { Metainfo } from './metainfo.js'

/**
 * The magnet link of a torrent (BEP 9, and BEP 52's `btmh`): its hashes, name, size, trackers in
 * the order in which they are tried, and web seeds.
 */
export function magnetLink(metainfo: Metainfo): string {
  const parameters = [
    ...exactTopics(metainfo),
    parameter('dn', metainfo.name),
    ...(metainfo.size > 0 ? [`xl=${metainfo.size}`] : []),
    ...trackersOf(metainfo).map((tracker) => parameter('tr', tracker)),
    ...unique(metainfo.webSeeds ?? []).map((seed) => parameter('ws', seed)),
  ]
  return `magnet:?${parameters.join('&')}`
}

/** The multihash of BEP 52: 0x12 says SHA-256, 0x20 says 32 bytes. */
function exactTopics({ infoHash, infoHashV2 }: Metainfo): string[] {
  return [
    ...(infoHash === null ? [] : [`xt=urn:btih:${infoHash}`]),
    ...(infoHashV2 === null ? [] : [`xt=urn:btmh:1220${infoHashV2}`]),
  ]
}

function trackersOf({ announce, announceList }: Metainfo): string[] {
  const trackers = announce === null ? [] : [announce]
  return unique([...trackers, ...(announceList ?? []).flat()])
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '')
}

function parameter(key: string, value: string): string {
  return `${key}=${encodeURIComponent(value)}`
}
