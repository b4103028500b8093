import { opendirSync, readdirSync, rmSync, type Dir } from 'node:fs'
import { join } from 'node:path'
import { callSystem, osCodeOf } from '../../errors.js'
import { isDead, isTemporaryName } from '../temporary-name.js'

/**
 * Removes the temporary files of killed runs from a directory. `names` may contain all names in the
 * directory, if the caller has listed it already.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function removeDeadFiles(directory: string, names?: readonly string[]): void {
  callSystem(directory, () => {
    for (const name of names ?? readdirSync(directory)) removeIfDead(directory, name)
  })
}

/**
 * Largest number of names to examine in a directory; more would take longer than writing a file.
 */
const MAX_NAMES = 10_000

/**
 * Returns a function that does the same once for each directory, ignores errors, and takes little
 * time: in a very large directory it does not examine all names.
 */
export function createCleaner(): (directory: string) => void {
  const cleaned = new Set<string>()
  return (directory) => {
    if (cleaned.has(directory)) return
    cleaned.add(directory)
    try {
      for (const name of firstNames(directory)) removeIfDead(directory, name)
    } catch (error) {
      // The later write in the directory reports the error
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
