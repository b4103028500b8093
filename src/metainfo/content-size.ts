import type { Metainfo } from './metainfo.js'

/** The bytes of a torrent's files that are on a disk: what its size is without pad files. */
export function contentSize({ files }: Pick<Metainfo, 'files'>): number {
  return files.reduce((sum, { length, padding }) => (padding ? sum : sum + length), 0)
}
