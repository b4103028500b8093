import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs'

/** More than LMDB needs for its default of 126 readers, in bytes. */
const LENGTH = 16384

/**
 * Creates LMDB's lock file, if there is none, with blocks of the disk behind all of it. LMDB's own
 * would have none and is mapped into memory: on a full disk, the first access ends the process.
 * @throws Error of the system when there is no space for it
 */
export function createLockFile(path: string): void {
  if (existsSync(path)) return
  const draft = `${path}-${process.pid}`
  try {
    // A process that died had the same number, or somebody put a link there
    rmSync(draft, { force: true })
    writeFileSync(draft, Buffer.alloc(LENGTH), { mode: 0o664, flag: 'wx' })
    linkIfNone(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** A link, unlike a rename, never takes the place of a file that another process has locked. */
function linkIfNone(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch {
    // Another process was faster, or the file system knows no links: then LMDB creates the file
  }
}
