import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** How much of what was set aside is kept. The newest file is kept whatever its size. */
const MAX_FILES = 2
const MAX_BYTES = 256 * 1024 * 1024

/**
 * Renames a cache's file that can't be used, and returns its new name. `now` is in milliseconds.
 * @throws Error of the system when it can't be renamed
 */
export function setAside(path: string, now: number): string {
  const aside = `${path}.damaged-${now}`
  renameSync(path, aside)
  rmSync(`${path}-lock`, { force: true })
  removeOlder(path)
  return basename(aside)
}

/** Removes all that was set aside beside a cache's file, and returns how many files that were. */
export function removeSetAside(path: string): number {
  const files = listSetAside(path)
  for (const file of files) rmSync(file, { force: true })
  return files.length
}

function removeOlder(path: string): void {
  let bytes = 0
  for (const [i, file] of listSetAside(path).entries()) {
    bytes += statSync(file).size
    if (i > 0 && (i >= MAX_FILES || bytes > MAX_BYTES)) rmSync(file, { force: true })
  }
}

/** What was set aside, the newest first. */
function listSetAside(path: string): string[] {
  const prefix = `${basename(path)}.damaged-`
  const timeOf = (name: string) => Number(name.slice(prefix.length))
  return namesIn(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => timeOf(b) - timeOf(a))
    .map((name) => join(dirname(path), name))
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
