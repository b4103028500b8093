import type { Metainfo } from '../../metainfo/metainfo.js'

/** The first minor version of which some know pad files; 0.9.8 does not. */
const KNOWN_SINCE = [0, 15]

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

/** What is said of such a torrent. */
export const PADDED =
  'it has pad files, for which it would look on disk (another client can, such as qBittorrent)'
