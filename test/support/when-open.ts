import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { until } from './until.js'

/** For tests that watch a process from outside. */
export const unlessProc = { skip: !existsSync('/proc/self/fd') && 'no /proc here' }

/** Waits until a process has opened the file at `path`, which is when it begins to hash it. */
export async function whenOpen(pid: number, path: string): Promise<void> {
  await until(`${path} is open`, () => openFiles(pid).includes(path))
}

/** The paths of all files that a process has open; none when it is gone. */
export function openFiles(pid: number | 'self'): string[] {
  const directory = `/proc/${pid}/fd`
  try {
    return readdirSync(directory).map((descriptor) => linkOf(`${directory}/${descriptor}`))
  } catch {
    return []
  }
}

/** The files below a directory that this process has open, be they removed. */
export function openFilesBelow(directory: string): string[] {
  return openFiles('self').filter((path) => path.startsWith(directory))
}

/** Where a link leads, or nothing when it is gone by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
