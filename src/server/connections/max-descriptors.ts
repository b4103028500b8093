import { readFileSync } from 'node:fs'

/**
 * How many files and sockets this process may have open (`ulimit -n`); null where the system does not
 * tell. Node asks for as many as it can have when it starts, so it is the hard limit.
 */
export function maxDescriptors(): number | null {
  const [, soft] = /^Max open files +(\d+) /m.exec(readLimits()) ?? []
  return soft === undefined ? null : Number(soft)
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}
