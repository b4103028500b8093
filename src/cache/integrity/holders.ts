import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { osCodeOf } from '../../errors.js'

/** How often this process has opened a cache. */
let opened = 0

/**
 * Notes that this process has a cache's file open, in a file beside it, unless that can't be written.
 * Returns what takes the note away again.
 */
export function holdFile(path: string, inode: bigint): () => void {
  const note = `${path}-open-${process.pid}-${++opened}`
  try {
    // A process that died had the same number, or somebody put a link there
    rmSync(note, { force: true })
    writeFileSync(note, `${inode} ${startOf(process.pid)}`, { flag: 'wx' })
  } catch {
    // Other processes then check the file, which costs them time and nothing else
  }
  return () => {
    rmSync(note, { force: true })
  }
}

/**
 * Whether a process that runs has the file open. One that crashed or was killed has it no longer;
 * what it noted is removed.
 */
export function isHeld(path: string, inode: bigint): boolean {
  let isHeldByAny = false
  for (const note of notesOf(path)) {
    if (!isOfRunning(note, path)) rmSync(note, { force: true })
    else if (readNote(note)[0] === String(inode)) isHeldByAny = true
  }
  return isHeldByAny
}

/** The files in which processes note that they have a cache's file open. */
export function notesOf(path: string): string[] {
  const prefix = `${basename(path)}-open-`
  const names = existsSync(dirname(path)) ? readdirSync(dirname(path)) : []
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(dirname(path), name))
}

/** The inode of a file. */
export function inodeOf(path: string): bigint {
  return statSync(path, { bigint: true }).ino
}

/** Process IDs are used again, but not within the same tick of the system's clock. */
function isOfRunning(note: string, path: string): boolean {
  const pid = Number(note.slice(`${path}-open-`.length).split('-')[0])
  const start = startOf(pid)
  return isRunning(pid) && (start === '' || start === readNote(note)[1])
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It belongs to someone else
    return osCodeOf(error) === 'EPERM'
  }
}

function readNote(note: string): string[] {
  try {
    return readFileSync(note, 'utf8').split(' ')
  } catch {
    return []
  }
}

/** When a process started, as Linux tells it in proc(5); empty elsewhere. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program comes before, in parentheses, and may hold anything
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? ''
  } catch {
    return ''
  }
}
