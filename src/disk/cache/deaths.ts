import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readNames } from '../look/read-names.js'
import { escapeText } from '../../base/text/escape.js'
import { isRunning } from '../../base/process.js'

// Marks the processes that have a cache open. A kill does not damage the file. But LMDB trusts its file: damage may have
// ended a process that had it open, and would end each later one. So after a death another process
// reads the file first.

/**
 * The mark beside an open file: `PATH-open-PROCESS-START-NAMESPACE`. It is removed when the file is
 * closed. A process of another namespace, such as a container's, cannot be seen: its mark counts once,
 * and then has the time CHECKED.
 */
const MARK = '-open-'
const CHECKED = 0

/**
 * Marks a file as open. A directory that cannot be written has no marks. `noteDamage` records for the next
 * process that opens the file that it was found to be damaged.
 */
export function markOpen(path: string) {
  const mark = `${path}${MARK}${process.pid}-${startOf(process.pid)}-${namespace()}`
  let isDamaged = false
  const write = (text: string) => {
    try {
      writeFileSync(mark, text, { mode: 0o600 })
    } catch {
      // Not an error: a death would not be noticed
    }
  }
  write('')
  return {
    noteDamage: (why: string) => {
      isDamaged = true
      write(why)
    },
    remove: () => {
      if (!isDamaged) rmSync(mark, { force: true })
    },
  }
}

/**
 * Explains why a file must not be opened in this process; null if it may be. Reads the file in
 * another process if one died with it open: ten seconds at most.
 */
export async function describeDamage(path: string): Promise<string | null> {
  const marks = deadMarks(path)
  if (marks.length === 0) return null
  const noted = marks.map(textOf).find((text) => text !== '')
  const why = noted === undefined ? await walk(path) : `damaged: ${escapeText(noted)}`
  // The marks of a damaged file go when it is set aside
  if (why === null) removeMarks(marks)
  return why
}

/** Removes the marks of processes that died. */
export function forgetDeaths(path: string): void {
  removeMarks(deadMarks(path))
}

function removeMarks(marks: readonly string[]): void {
  for (const mark of marks) {
    // The process may still run
    if (!isOfOwnNamespace(mark) && textOf(mark) === '') setChecked(mark)
    else rmSync(mark, { force: true })
  }
}

function setChecked(mark: string): void {
  try {
    utimesSync(mark, CHECKED, CHECKED)
  } catch {
    // It is gone, or another user's: it counts again
  }
}

/** The marks of processes that died, or that found damage. */
function deadMarks(path: string): string[] {
  const start = basename(path) + MARK
  const names = readNames(dirname(path)).filter((name) => name.startsWith(start))
  const isAlive = (name: string) => {
    if (!isOfOwnNamespace(name)) {
      return statSync(join(dirname(path), name), { throwIfNoEntry: false })?.mtimeMs === CHECKED
    }
    const [pid = 0, since] = name.slice(start.length).split('-').map(Number)
    return pid > 0 && isRunning(pid) && startOf(pid) === since
  }
  return names
    .filter((name) => !isAlive(name) || textOf(join(dirname(path), name)) !== '')
    .map((name) => join(dirname(path), name))
}

function textOf(mark: string): string {
  try {
    return readFileSync(mark, 'utf8').slice(0, 200)
  } catch {
    return ''
  }
}

function isOfOwnNamespace(mark: string): boolean {
  const [, , own] = mark.slice(mark.lastIndexOf(MARK) + MARK.length).split('-')
  return own === undefined || own === namespace()
}

/** The number of this process's namespace of processes; 0 on other systems than Linux. */
function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/**
 * When a process started, as proc_pid_stat(5) has it: a container's service has the same number at
 * each start. 0 on other systems than Linux.
 */
function startOf(pid: number): number {
  try {
    // The name of the program before may contain spaces
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')
    return Number(fields?.[19] ?? 0)
  } catch {
    return 0
  }
}

/** Limits a walk: a large file is read in part. */
const WALK_TIME = 10_000

/** How a process ends that damage ends; others may end it, too. */
const DAMAGE: readonly unknown[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']
const EXIT_DAMAGED = 3

/** Reads a file in another process. Returns what is wrong with it, or null. */
function walk(path: string): Promise<string | null> {
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
