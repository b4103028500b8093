import { BtkitError } from '../../errors.js'

/** What is thrown of a file that ends before its length. */
export function becameShorter(path: string): BtkitError {
  return new BtkitError('changed', `${path}: became shorter while it was read`)
}

/** What is thrown of a path that leads to another file by now. */
export function wasReplaced(path: string, cause?: unknown): BtkitError {
  return new BtkitError('changed', `${path}: was replaced while it was read`, { cause })
}
