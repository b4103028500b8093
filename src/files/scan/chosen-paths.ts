import { isAbsolute, relative, resolve, sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { isSafeComponent } from '../inside.js'

/**
 * The components below `root` of a path that was chosen in it: one relative to it, or an absolute
 * one that leads into it. No components stand for the root itself.
 * @throws BtkitError `unsafe-path` for a path that leads elsewhere
 */
export function componentsBelow(root: string, path: string): string[] {
  const inside = isAbsolute(path) ? relative(resolve(root), path).split(sep) : path.split('/')
  const components = inside.filter((component) => component !== '' && component !== '.')
  if (components.every(isSafeComponent)) return components
  throw new BtkitError('unsafe-path', `${path}: does not lie below ${root}`)
}
