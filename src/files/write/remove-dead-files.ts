import { opendirSync, readdirSync, rmSync, type Dir } from 'node:fs'
import { join } from 'node:path'
import { asBtkitError, osCodeOf } from '../../errors.js'
import { isDead, isTemporaryName } from '../temporary-name.js'

/**
 * Removes the temporary files that killed runs left in a directory. `names` are those of all that
 * is in it, for who has listed it already.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function removeDeadFiles(directory: string, names?: readonly string[]): void {
  try {
    for (const name of names ?? readdirSync(directory)) removeIfDead(directory, name)
  } catch (error) {
    throw asBtkitError(error, directory)
  }
}

/** Names to look at in a directory; more would cost more time than writing a file does. */
const MAX_NAMES = 10_000

/**
 * Does the same for every directory that it is called with, once for each, as far as that can be
 * done and takes no time to speak of: of a very large directory not all names are looked at.
 */
export function createCleaner(): (directory: string) => void {
  const cleaned = new Set<string>()
  return (directory) => {
    if (cleaned.has(directory)) return
    cleaned.add(directory)
    try {
      for (const name of firstNames(directory)) removeIfDead(directory, name)
    } catch (error) {
      // Whoever is to write there will say what is wrong
      if (osCodeOf(error) === undefined) throw error
    }
  }
}

function removeIfDead(directory: string, name: string): void {
  if (isTemporaryName(name) && isDead(name)) rmSync(join(directory, name), { force: true })
}

function firstNames(directory: string): string[] {
  const opened = opendirSync(directory, { bufferSize: 1024 })
  try {
    return readNames(opened)
  } finally {
    opened.closeSync()
  }
}

function readNames(directory: Dir): string[] {
  const names: string[] = []
  for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
    if (names.push(entry.name) === MAX_NAMES) break
  }
  return names
}
