import { scanTree, type ScanOptions } from '../../files/scan/scan-tree.js'
import type { MetainfoFile } from '../../metainfo/metainfo.js'
import type { VerifiedFile } from './report.js'

const EVERYTHING: ScanOptions = { all: true, include: [], exclude: [], links: 'skip' }

/**
 * The regular files below a directory that are no part of the torrent; links are not followed.
 * @throws BtkitError those of scanTree
 */
export async function findExtraFiles(
  directory: string,
  files: readonly MetainfoFile[],
): Promise<VerifiedFile[]> {
  const known = new Set(files.filter((file) => !file.padding).map(({ path }) => path.join('/')))
  const tree = await scanTree(directory, EVERYTHING)
  return tree.files
    .filter(({ path }) => !known.has(path.join('/')))
    .map(({ path, fingerprint: { size } }) => {
      return { path, length: size, found: size, status: 'extra', reason: null, ranges: [] }
    })
}
