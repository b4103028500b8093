import type { LintCode } from '../../../src/metainfo/lint/metainfo.js'
import { lintMetainfo } from '../../../src/metainfo/lint/metainfo.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { directoryInfo, torrentOf, type Plain, type PlainDict } from '../../support/torrents.js'

export const ANNOUNCE = { announce: 'http://tracker.example/announce' }

/** The codes of what is found in a torrent, in order. */
export function codesOf(torrent: Uint8Array): LintCode[] {
  return lintMetainfo(parseMetainfo(torrent)).map(({ code }) => code)
}

/** The messages of what one rule finds in a torrent. */
export function messagesOf(code: LintCode, torrent: Uint8Array): string[] {
  return lintMetainfo(parseMetainfo(torrent)).flatMap((finding) => {
    return finding.code === code ? [finding.message] : []
  })
}

/** A torrent of a directory of files of one byte at these '/'-joined paths. */
export function torrentOfPaths(paths: readonly string[], changes: PlainDict = {}): Uint8Array {
  const files = paths.map((path) => ({ length: 1, path: path.split('/') }))
  return torrentOf(directoryInfo(files, changes), ANNOUNCE)
}

/** A torrent of a single file of `size` bytes in pieces of `pieceLength`. */
export function torrentOfSize(size: number, pieceLength: number): Uint8Array {
  const pieces = new Uint8Array(Math.ceil(size / pieceLength) * 20)
  const info: Plain = { length: size, name: 'a', 'piece length': pieceLength, pieces }
  return torrentOf(info, ANNOUNCE)
}
