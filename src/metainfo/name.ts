import { BtkitError } from '../errors.js'

/** Whether a text is one path component that every client can save under. */
export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)
}

/**
 * Checks a torrent's name: one path component that every client can save under.
 * @throws BtkitError `bad-name`
 */
export function checkName(name: string): string {
  if (!isPlainName(name)) {
    throw new BtkitError('bad-name', `name '${name}': must be a single path component`)
  }
  return name
}
