import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { spliceTorrent } from '../../metainfo/edit/splice-torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'

/** The priority of files that rtorrent must never download. */
const PRIORITY_OFF = 0

/** The first minor version of which some builds support pad files; 0.9.8 does not. */
const KNOWN_SINCE = [0, 15]

/** The reason for refusing a torrent with pad files. */
export const PADDED =
  'it has pad files, for which it would look on disk (another client can, such as qBittorrent)'

/**
 * Adds the data to a torrent that rtorrent stores for a verified one: all pieces exist, and the
 * files have these modification times. rtorrent hashes nothing as long as the times match. It never
 * writes to the files, because none is marked for download. `fileTimes` are in seconds since 1970,
 * one for each file.
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

/** Whether this version of rtorrent requires pad files to exist on the disk. */
export function looksForPadFiles(version: string): boolean {
  const [major = 0, minor = 0] = (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
  const [sinceMajor = 0, sinceMinor = 0] = KNOWN_SINCE
  return major < sinceMajor || (major === sinceMajor && minor < sinceMinor)
}
