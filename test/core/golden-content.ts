import { readFileSync } from 'node:fs'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'

/** The files of the golden torrents of a directory; test/golden/make-torrent.py has the same. */
export const FILES = Object.fromEntries(
  Object.entries({
    'a/large.bin': 40_001,
    'a/short.txt': 5,
    'b/exact.bin': 32_768,
    empty: 0,
    'ünï.txt': 16_384,
  }).map(([path, length]) => [path, Buffer.from(Array.from({ length }, (_, i) => i % 251))]),
)

/** A torrent that libtorrent made of them. */
export function goldenTorrent(version: 'v2' | 'hybrid') {
  return parseMetainfo(readFileSync(`test/golden/${version}-directory.torrent`), {
    maxSize: 2 ** 20,
  })
}
