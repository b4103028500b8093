import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The files that a test plants: the content of each by its '/'-joined path. */
export type Files = Readonly<Record<string, string | Uint8Array>>

/** A test, or node:test's `after` for a whole file, which can clean up. */
export interface Scope {
  readonly after: (act: () => void) => void
}

/** A new directory by its real path, with files if wanted, removed afterwards. */
export function makeScratch(t: Scope, files: Files = {}): string {
  const directory = realpathSync.native(mkdtempSync(join(tmpdir(), 'btkit-test-')))
  t.after(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  plantFiles(directory, files)
  return directory
}

/** Writes files below a directory, with the directories that they need. */
export function plantFiles(directory: string, files: Files): void {
  const paths = Object.keys(files)
  const needed = new Set(paths.map((path) => dirname(join(directory, path))))
  for (const parent of needed) mkdirSync(parent, { recursive: true })
  for (const path of paths) writeFileSync(join(directory, path), files[path] ?? '')
}

/** Makes links in a directory: the target of each by its path. */
export function plantLinks(directory: string, links: Readonly<Record<string, string>>): void {
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(directory, path))
}

/** A file of `size` bytes that takes no room on the disk. Returns its path. */
export function plantSparse(directory: string, name: string, size: number): string {
  const path = join(directory, name)
  writeFileSync(path, '')
  truncateSync(path, size)
  return path
}

/** The distance of the data in a huge file, in bytes: it is in a quarter of the pieces at least. */
const DATA_APART = 4 * 2 ** 20

/**
 * A file that takes long to hash, because pieces of 1 MiB and more have data, but little room on
 * the disk. Returns its path.
 */
export function plantHuge(directory: string, name: string, size: number): string {
  const path = plantSparse(directory, name, size)
  const descriptor = openSync(path, 'r+')
  for (let at = 0; at < size; at += DATA_APART) writeSync(descriptor, 'x', at)
  closeSync(descriptor)
  return path
}
