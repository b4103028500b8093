import { BtkitError } from '../errors.js'

/** Whether a text is one path component that every client can save under. */
export function isPlainName(name: string): boolean {
  return isComponent(name) && !name.includes('\\')
}

/** Whether a text is one path component where a backslash is a letter like any other. */
function isComponent(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

/**
 * Checks a torrent's name: one path component that every client can save under.
 * @throws BtkitError `bad-name`
 */
export function checkName(name: string): string {
  if (isPlainName(name)) return name
  throw notSingle(name)
}

/**
 * Checks the name of a file or directory as it stands on a disk. A backslash in it is taken, as it is
 * common in systems' own trees, though some clients change it.
 * @throws BtkitError `bad-name`
 */
export function checkNameOnDisk(name: string): string {
  if (isComponent(name)) return name
  throw notSingle(name)
}

function notSingle(name: string): BtkitError {
  return new BtkitError('bad-name', `name '${name}': must be a single path component`)
}
