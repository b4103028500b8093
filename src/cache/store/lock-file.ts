import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs'

/** Length of the lock file in bytes: more than LMDB needs for its default of 126 readers. */
const LENGTH = 16384

/**
 * Creates LMDB's lock file if it does not exist, with all disk blocks allocated. LMDB's own lock
 * file would have none, and is mapped into memory: on a full disk the first access would crash the
 * process.
 * @throws Error of the system if there is no space for it
 */
export function createLockFile(path: string): void {
  if (existsSync(path)) return
  const draft = `${path}-${process.pid}`
  try {
    // A dead process may have had the same number, or somebody may have put a link there
    rmSync(draft, { force: true })
    writeFileSync(draft, Buffer.alloc(LENGTH), { mode: 0o664, flag: 'wx' })
    linkIfNone(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Unlike a rename, a link never replaces a file that another process has locked. */
function linkIfNone(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch {
    // Another process was faster, or the file system has no hard links; then LMDB creates the file
  }
}
