import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeFile } from '../../base/directories.js'
import { readNames } from '../look/read-names.js'
import { ByteLocks } from '../write/locks.js'

// Marks the processes that have a cache open. A kill does not damage the file. But LMDB trusts its file: damage may have
// ended a process that had it open, and would end each later one. So after a death another process
// reads the file first.

/** Begins the suffix of the mark beside an open file. Its process keeps it locked, and removes it at the end. */
const MARK = '-open-'

/**
 * Marks a file as open, and returns what removes the mark. There are no marks without the native addon, or in a
 * directory that cannot be written: a death is not noticed then.
 */
export function markOpen(path: string): () => void {
  const mark = `${path}${MARK}${randomUUID()}`
  const lock = ByteLocks.open(mark)
  lock?.tryLock(0)
  return () => {
    removeFile(mark)
    lock?.close()
  }
}

/**
 * Explains why a file must not be opened in this process; null if it may be. Reads the file in
 * another process if one died with it open: ten seconds at most.
 */
export async function describeDamage(path: string): Promise<string | null> {
  const marks = deadMarks(path)
  if (marks.length === 0) return null
  const why = await walk(path)
  // The marks of a damaged file go when it is set aside
  if (why === null) for (const mark of marks) removeFile(mark)
  return why
}

/** Removes the marks of processes that died. */
export function forgetDeaths(path: string): void {
  for (const mark of deadMarks(path)) removeFile(mark)
}

/** The marks of processes that died. */
function deadMarks(path: string): string[] {
  const directory = dirname(path)
  const names = readNames(directory).filter((name) => name.startsWith(basename(path) + MARK))
  return names.map((name) => join(directory, name)).filter(isUnlocked)
}

function isUnlocked(mark: string): boolean {
  const lock = ByteLocks.open(mark, 'r+')
  const isDead = lock?.tryLock(0) === 'locked'
  lock?.close()
  return isDead
}

/** Limits a walk: a large file is read in part. */
const WALK_TIME = 10_000

/** How a process ends that damage ends; others may end it, too. */
const DAMAGE: readonly unknown[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']
const EXIT_DAMAGED = 3

/** Reads a file in another process. Returns what is wrong with it, or null. */
export function walk(path: string): Promise<string | null> {
  const program = fileURLToPath(new URL('./walk-program.js', import.meta.url))
  const child = spawn(process.execPath, [program, path], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill('SIGKILL'), WALK_TIME)
  return new Promise((resolve) => {
    child.once('error', () => {
      resolve(null)
    })
    child.once('exit', (status, signal) => {
      clearTimeout(timer)
      if (status === EXIT_DAMAGED) resolve('damaged')
      else if (DAMAGE.includes(signal)) resolve(`damaged: ${signal} ended a process that read it`)
      else resolve(null)
    })
  })
}
