import { basename, dirname, join, relative, sep } from 'node:path'
import { usageError } from '../../../base/errors.js'
import { isWithin, realPath } from '../../../disk/look/inside.js'

/**
 * Refuses to keep something among the files that everybody may download. `places` are options, and
 * the paths that they name; null for none.
 * @throws BtkitError `usage`
 */
export function refusePublic(
  places: readonly (readonly [option: string, path: string | null])[],
  root: string,
  isPublic: (below: readonly string[]) => boolean = () => true,
): void {
  const top = realPath(root) ?? root
  for (const [option, path] of places) {
    if (path === null) continue
    // It may be made only now
    const parent = realPath(dirname(path)) ?? dirname(path)
    const place = realPath(path) ?? join(parent, basename(path))
    if (!isWithin(place, top) || !isPublic(relative(top, place).split(sep))) continue
    const why = `is below ${root}, whose files are public; put it somewhere else`
    throw usageError(`${option} ${path}: ${why}`)
  }
}
