import { BtkitError } from '../../errors.js'

/**
 * Refuses an empty name, as a variable of a script that is not set gives it: for a directory it would
 * be the current one.
 * @throws BtkitError `usage`
 */
export function requireNames(
  names: readonly string[],
  what: 'file' | 'torrent' | 'directory',
): void {
  if (names.includes('')) throw new BtkitError('usage', `the name of a ${what} is empty`)
}
