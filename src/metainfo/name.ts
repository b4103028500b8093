import { BtkitError } from '../errors.js'

/**
 * Checks a torrent's name: one path component that every client can save under.
 * @throws BtkitError `bad-name`
 */
export function checkName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) {
    throw new BtkitError('bad-name', `name '${name}': must be a single path component`)
  }
  return name
}
