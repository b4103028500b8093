import { existsSync, lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryOr } from '../../../base/errors.js'
import { compareBytes, readNames } from '../../../disk/look/read-names.js'
import { createReport, noteOnce, type CompleteReport } from '../report.js'
import type { CompleteRequest } from '../request.js'
import { isUnmounted, noDisk } from '../target/directories.js'
import { isGone } from '../tidy/prune.js'
import type { SourceTree, TreePlace } from './tree-finder.js'

// Without this file the torrents of directories that are gone would stay.

/**
 * Finds the directories below the target whose sources are gone, or something else now. `targets`
 * says by the place of each directory whether it has torrents.
 */
export function findGone(
  { prune, directories }: CompleteRequest,
  report: CompleteReport,
  targets: ReadonlyMap<string, boolean>,
  trees: readonly SourceTree[],
): TreePlace[] {
  const told = prune === 'never' ? createReport() : report
  const found = [...targets].sort(([a], [b]) => compareBytes(a, b))
  const gone: TreePlace[] = []
  // A root that is missing may be a disk that is not mounted; its own run reports it
  for (const root of directories.filter((each) => prune === 'always' || existsSync(each))) {
    const tree = trees.find((each) => each.root === root)
    for (const [place, hasTorrents] of found.filter(([each]) => !tree?.places.has(each))) {
      const components = place === '' ? [] : place.split('/')
      const places = components.map((_, i) => join(root, ...components.slice(0, i + 1)))
      if (existsSync(root) && places.every(isDirectory)) continue
      // The last one that is there, as a directory or as a link that may lead to one
      const isThere = (at: string) => !isGone(at) && !tryOr(false, () => statSync(at).isFile())
      const last = places.findLast(isThere) ?? join(root)
      const names = tryOr([], () => readNames(last))
      if (prune === 'always' || !isUnmounted({ names })) gone.push({ root, place, names: null })
      else if (hasTorrents) noteOnce(told, last, noDisk(last))
    }
  }
  return gone
}

/** Whether a path is a directory and no link to one, or may be one where nobody may look. */
function isDirectory(path: string): boolean {
  return tryOr(true, () => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}
