import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { spliceTorrent } from '../../metainfo/edit/splice-torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'

/** Not to be downloaded, whatever rtorrent finds of it. */
const PRIORITY_OFF = 0

/** The first minor version of which some know pad files; 0.9.8 does not. */
const KNOWN_SINCE = [0, 15]

/** What is said of such a torrent. */
export const PADDED =
  'it has pad files, for which it would look on disk (another client can, such as qBittorrent)'

/**
 * A torrent with what rtorrent notes of one that it has verified: all pieces are there, and its files
 * have these modification times. It hashes nothing as long as they have; and as no file is to be
 * downloaded it never writes to one. `fileTimes` are in seconds since 1970, one a file.
 */
export function withResumeData(metainfo: Metainfo, fileTimes: readonly number[]): Uint8Array {
  const files = metainfo.files.map(({ length }, i): BencodeDict => {
    return new Map([
      ['completed', Math.ceil(length / metainfo.pieceLength)],
      ['mtime', fileTimes[i] ?? 0],
      ['priority', PRIORITY_OFF],
    ])
  })
  const resume: BencodeDict = new Map()
  resume.set('bitfield', metainfo.pieceCount).set('files', files)
  return spliceTorrent(metainfo, { top: new Map([['libtorrent_resume', encodeBencode(resume)]]) })
}

/** Whether a torrent has pad files (BEP 47). */
export function hasPadFiles({ files }: Pick<Metainfo, 'files'>): boolean {
  return files.some(({ padding }) => padding)
}

/** Whether an rtorrent, by its version, takes pad files for files that it has to see. */
export function looksForPadFiles(version: string): boolean {
  const [major = 0, minor = 0] = (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
  const [sinceMajor = 0, sinceMinor = 0] = KNOWN_SINCE
  return major < sinceMajor || (major === sinceMajor && minor < sinceMinor)
}
