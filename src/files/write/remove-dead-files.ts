import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { isDead, isTemporaryName } from '../temporary-name.js'

/**
 * Removes the temporary files that killed runs left in a directory. `names` are those of all that
 * is in it, for who has listed it already.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function removeDeadFiles(directory: string, names?: readonly string[]): void {
  try {
    const found = names ?? readdirSync(directory)
    const dead = found.filter((name) => isTemporaryName(name) && isDead(name))
    for (const name of dead) rmSync(join(directory, name), { force: true })
  } catch (error) {
    throw asBtkitError(error, directory)
  }
}
