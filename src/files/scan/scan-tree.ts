import { realpathSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { BtkitError, callSystem } from '../../errors.js'
import { fingerprintOf } from '../fingerprint.js'
import { attributesOf } from './scanned-tree.js'
import { resolveTo, dropDanglingLinks } from './link-policy.js'
import type { Target } from './link-policy.js'
import { loadNameFilter } from './load-name-filter.js'
import type { ScannedTree, ScanOptions } from './scanned-tree.js'
import { walkChosen } from './walk-chosen.js'
import { walkTree } from './walk-tree.js'
import type { Walk } from './walk-tree.js'

export type * from './scanned-tree.js'

/**
 * Lists the regular files at or below `root`, sorted, with the entries left out and the reasons.
 * The root is accepted whatever its name, and followed if it is a link.
 *
 * A tree of 100,000 files takes about 0.4 s, during which this thread is blocked.
 *
 * @throws BtkitError `not-found`, `not-permitted` or `io` if the system refuses; `bad-name` for a
 * name that is not UTF-8; `changed` if an entry disappears during the scan; `usage` for a bad glob
 * or for chosen paths in a file; `unsafe-path` for a chosen path that leads elsewhere
 */
export async function scanTree(root: string, options: ScanOptions): Promise<ScannedTree> {
  const filter = await loadNameFilter(options)
  const { target, realRoot } = openRoot(root)
  if (target.stats.isFile()) {
    if (!options.chosen) return treeOfFile(root, target, options)
    throw new BtkitError('usage', `${root}: not a directory, so no files can be chosen in it`)
  }
  const { all, attributes = false } = options
  const links = { policy: options.links, realRoot }
  const walk: Walk = { root, all, attributes, links, filter, files: [], skipped: [] }
  if (options.chosen) walkChosen(walk, target, options.chosen)
  else walkTree(walk, target)
  return treeOfWalk(walk)
}

function treeOfWalk({ root, links, files, skipped }: Walk): ScannedTree {
  if (links.policy !== 'store') return { root, isDirectory: true, files, skipped }
  const kept = dropDanglingLinks(files)
  return { root, isDirectory: true, files: kept.files, skipped: [...skipped, ...kept.skipped] }
}

function openRoot(root: string): { target: Target; realRoot: string } {
  return callSystem(root, () => {
    refuseSpecialFile(root)
    const realRoot = realpathSync.native(root)
    return { target: resolveTo(realRoot, root), realRoot }
  })
}

/**
 * Checked before resolving the real path, because a descriptor such as /dev/stdin may not have one.
 */
function refuseSpecialFile(root: string): void {
  const stats = statSync(root)
  if (stats.isFile() || stats.isDirectory()) return
  throw new BtkitError('io', `${root}: not a regular file or directory`)
}

function treeOfFile(
  root: string,
  { path, stats }: Target,
  { attributes }: Pick<ScanOptions, 'attributes'>,
): ScannedTree {
  const name = basename(resolve(root))
  const bare = { path: [name], absolutePath: path, fingerprint: fingerprintOf(stats) }
  const file = attributes ? { ...bare, attributes: attributesOf(name, stats) } : bare
  return { root, isDirectory: false, files: [file], skipped: [] }
}
