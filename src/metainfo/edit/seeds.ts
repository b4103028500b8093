import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import type { Metainfo } from '../metainfo.js'
import type { TorrentEdit } from './splice-torrent.js'

/** The keys of HTTP seeds (BEP 17) and of web seeds (BEP 19). */
export type SeedKey = 'httpseeds' | 'url-list'

/** The seeds that a torrent has under a key; a plain string is a list of one. */
export function seedsOf(
  { httpSeeds, webSeeds }: Pick<Metainfo, 'httpSeeds' | 'webSeeds'>,
  key: SeedKey,
): string[] | null {
  return key === 'httpseeds' ? httpSeeds : webSeeds
}

/**
 * Sets seeds, or removes them when `urls` is null. Seeds that are the same already are left alone.
 */
export function setSeeds(key: SeedKey, urls: readonly string[] | null): TorrentEdit {
  return (metainfo) => {
    const isSame = urls !== null && JSON.stringify(urls) === JSON.stringify(seedsOf(metainfo, key))
    if (isSame) return {}
    const value = urls && encodeBencode(urls.map((url) => Buffer.from(url)))
    return { top: new Map([[key, value]]) }
  }
}
