import { readFileSync, readlinkSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

/** A socket that is open already when a process starts, given to it by whoever started it. */
export interface PassedSocket {
  readonly fd: number
  /** What the service manager calls it; `unknown` where it has no name. */
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'unix'
  readonly isV6: boolean
  /** That of a Unix socket, if it has one. */
  readonly path: string | null
}

/** The first descriptor that is passed, as sd_listen_fds(3) has it. */
const FIRST = 3

/** More are passed by nobody. */
const MOST = 64

/** What the system lists its sockets in, and where the number of each stands in a line. */
const TABLES = [
  { table: 'tcp', kind: 'tcp', isV6: false, column: 9 },
  { table: 'tcp6', kind: 'tcp', isV6: true, column: 9 },
  { table: 'udp', kind: 'udp', isV6: false, column: 9 },
  { table: 'udp6', kind: 'udp', isV6: true, column: 9 },
  { table: 'unix', kind: 'unix', isV6: false, column: 6 },
] as const

/**
 * The sockets that `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` tell of, as systemd's socket units
 * have them; none when these are for another process.
 * @throws BtkitError when they tell of what is no socket
 */
export function passedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): PassedSocket[] {
  if (env['LISTEN_PID'] !== String(pid) || env['LISTEN_FDS'] === undefined) return []
  const count = Number(env['LISTEN_FDS'])
  if (!Number.isInteger(count) || count < 0 || count > MOST) {
    throw new BtkitError('usage', `LISTEN_FDS: not a number of sockets from 0 to ${MOST}`)
  }
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  return Array.from({ length: count }, (_, n) => {
    return { fd: FIRST + n, name: names[n] || 'unknown', ...describeSocket(FIRST + n) }
  })
}

/** What kind of socket a descriptor is, by the tables of the system. */
function describeSocket(fd: number): Pick<PassedSocket, 'kind' | 'isV6' | 'path'> {
  const inode = inodeOf(fd)
  for (const { table, kind, isV6, column } of TABLES) {
    const fields = linesOf(table).find((line) => line[column] === inode)
    if (!fields) continue
    // A path may have spaces in it
    return { kind, isV6, path: kind === 'unix' ? fields.slice(column + 1).join(' ') || null : null }
  }
  throw new BtkitError('usage', `LISTEN_FDS: descriptor ${fd} is a socket of no kind that is known`)
}

function inodeOf(fd: number): string {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? []
    if (inode !== undefined) return inode
  } catch {
    // It is not open
  }
  throw new BtkitError('usage', `LISTEN_FDS: descriptor ${fd} is no socket`)
}

/** The lines of a table, by their fields; none where the system has no such sockets. */
function linesOf(table: string): string[][] {
  try {
    const lines = readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n')
    return lines.map((line) => line.trim().split(/ +/))
  } catch {
    return []
  }
}
