import { BtkitError } from '../base/errors.js'

/** Whether a text is a path component that every client can use as a file name. */
export function isPlainName(name: string): boolean {
  return isComponent(name) && !name.includes('\\')
}

/** Whether a file name is that of a torrent, also in capitals as some systems write it. */
export function isTorrentName(name: string): boolean {
  return /\.torrent$/i.test(name)
}

/** Whether a text is a path component; a backslash is an ordinary character here. */
export function isComponent(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

/**
 * Checks a torrent's name: it must be a path component that every client can use as a file name.
 * @throws BtkitError `bad-name`
 */
export function checkName(name: string): string {
  if (isPlainName(name)) return name
  throw notSingle(name).in('name')
}

/**
 * Checks the name of a file or directory on a disk. A backslash is accepted, because it is common
 * on some systems, although some clients change it.
 * @throws BtkitError `bad-name`
 */
export function checkNameOnDisk(name: string): string {
  if (isComponent(name)) return name
  throw notSingle(name)
}

function notSingle(name: string): BtkitError {
  return new BtkitError('bad-name', `name '${name}': must be a single path component`)
}

/** The conventional directory of pad files (BEP 47). */
export const PAD_DIRECTORY = '.pad'

/** Returns the path of a pad file of that many bytes, as BEP 47 suggests. */
export function padPath(length: number): string[] {
  return [PAD_DIRECTORY, String(length)]
}

/**
 * Whether two paths have the same components. A slash inside a component is no separator, so joined
 * texts must not be compared.
 */
export function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isPrefix(a, b)
}

/** Whether a path is that of a directory in which the other one is. */
export function isAbove(path: readonly string[], other: readonly string[]): boolean {
  return path.length < other.length && isPrefix(path, other)
}

function isPrefix(path: readonly string[], other: readonly string[]): boolean {
  return path.every((component, at) => component === other[at])
}
