import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../support/scratch.js'

/** The files of the golden torrents of a directory; test/golden/make-torrent.py has the same. */
export const FILES = {
  'a/large.bin': 40_001,
  'a/short.txt': 5,
  'b/exact.bin': 32_768,
  empty: 0,
  'ünï.txt': 16_384,
}

/** The bytes of such a file. */
export function goldenBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => i % 251))
}

/** Plants the files under other names, if these are given. */
export function plantGolden(t: TestContext, nameOf = (path: string) => path): string {
  const files = Object.entries(FILES).map(([path, length]) => [nameOf(path), goldenBytes(length)])
  return makeScratch(t, Object.fromEntries(files) as Record<string, Buffer>)
}

/** A torrent that libtorrent made of them. */
export function goldenTorrent(version: 'v2' | 'hybrid'): Metainfo {
  return parseMetainfo(readFileSync(`test/golden/${version}-directory.torrent`), {
    maxSize: 2 ** 20,
  })
}
