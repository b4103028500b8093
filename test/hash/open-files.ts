import { existsSync, readdirSync, readlinkSync } from 'node:fs'

/** For tests that look at this process from outside. */
export const unlessProc = { skip: !existsSync('/proc/self/fd') && 'no /proc here' }

/** The paths of all files below `directory` that this process has open. */
export function openFilesBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd')
    .map(linkOf)
    .filter((path) => path.startsWith(directory))
}

/** The descriptor that lists the directory is gone by the time it is asked for. */
function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}
