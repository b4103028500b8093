import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Content } from '../digests/content.js'
import { withoutPads } from '../digests/pad-files.js'

/**
 * Whether a torrent could be one of some content, by the sizes of its files. Names are not compared,
 * as other programs may write them in another form; nor are empty files and those that the content
 * leaves out, such as hidden ones, which other programs may leave out or not.
 */
export function fitsContent(metainfo: Metainfo, content: Content): boolean {
  if (metainfo.isDirectory !== content.isDirectory) return false
  const leftOut = new Set(content.skipped.map(({ path }) => path))
  const listed = metainfo.files.filter(({ path, padding }) => !padding && !isBelow(path, leftOut))
  const sizes = sortedSizes(listed.map(({ length }) => length))
  const wanted = sortedSizes(withoutPads(content.files).map(({ fingerprint }) => fingerprint.size))
  return sizes.length === wanted.length && sizes.every((size, i) => size === wanted[i])
}

/** Whether a torrent lists just the files of some content, and cuts them in the same way. */
export function isLaidOutAlike(metainfo: Metainfo, content: Content): boolean {
  const { name, isDirectory, pieceLength, pieceCount } = metainfo
  const isSameHead = name === content.name && isDirectory === content.isDirectory
  if (!isSameHead || pieceLength !== content.pieceLength || pieceCount !== content.pieceCount)
    return false
  const listed = metainfo.files.filter(({ padding }) => !padding)
  const wanted = withoutPads(content.files)
  return (
    listed.length === wanted.length &&
    listed.every(({ path, length }, i) => {
      const file = wanted[i]
      const isSamePath = !isDirectory || path.join('/') === file?.path.join('/')
      return isSamePath && length === file?.fingerprint.size
    })
  )
}

/** Whether a path or one of the directories that it leads through is among some paths. */
function isBelow(path: readonly string[], places: ReadonlySet<string>): boolean {
  return places.size > 0 && path.some((_, i) => places.has(path.slice(0, i + 1).join('/')))
}

function sortedSizes(sizes: readonly number[]): number[] {
  return sizes.filter((size) => size > 0).sort((a, b) => a - b)
}
