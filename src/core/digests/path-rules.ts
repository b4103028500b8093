import { BtkitError } from '../../errors.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { PAD_DIRECTORY } from '../../metainfo/pad-path.js'

/** A file by its path in the torrent. */
export interface NamedFile {
  readonly path: readonly string[]
  /** Names the file in errors. */
  readonly absolutePath: string
}

/** The names of a torrent's content. */
export interface NamedTree {
  /** Names the content in errors. */
  readonly root: string
  readonly isDirectory: boolean
  readonly files: readonly NamedFile[]
}

/**
 * Refuses paths that clients of a torrent's version cannot read.
 * @throws BtkitError `bad-name`
 */
export function refusePaths(tree: NamedTree, name: string, version: MetainfoVersion): void {
  if (version === 'v2') refuseHiddenDirectory(name, tree)
  if (version !== 'v1') refuseDeepFiles(tree.files)
}

/**
 * Refuses a directory with only one file of the same name: in v2 it cannot be distinguished from
 * that single file (BEP 52).
 */
function refuseHiddenDirectory(name: string, { root, isDirectory, files }: NamedTree): void {
  const [first] = files
  if (!isDirectory || files.length > 1 || first?.path.join('/') !== name) return
  const why = `v2 can't tell a directory from its only file when both are called '${name}'`
  throw new BtkitError('bad-name', `${root}: ${why}; --hybrid can`)
}

/**
 * Most path components in a file tree that clients accept: they limit nesting to 100 dictionaries.
 */
const MOST_COMPONENTS = 96

function refuseDeepFiles(files: readonly NamedFile[]): void {
  const deep = files.find(({ path }) => path.length > MOST_COMPONENTS)
  if (!deep) return
  const why = `is more than ${MOST_COMPONENTS} directories deep, which clients of v2 do not read`
  throw new BtkitError('bad-name', `${deep.absolutePath}: ${why}`)
}

/**
 * Refuses files in the directory of pad files.
 * @throws BtkitError `bad-name`
 */
export function refuseInPads(files: readonly NamedFile[]): void {
  const file = files.find(({ path }) => path[0] === PAD_DIRECTORY && path.length > 1)
  if (!file) return
  const why = `is in ${PAD_DIRECTORY}, where the torrent has its pad files`
  throw new BtkitError('bad-name', `${file.absolutePath}: ${why}; --exclude ${PAD_DIRECTORY}`)
}
