import { readFileSync, readlinkSync } from 'node:fs'
import { BtkitError, tryOr } from '../../base/errors.js'

/** An open socket that the parent process passed to this one. */
export interface PassedSocket {
  readonly fd: number
  /** The service manager's name; `unknown` if it has none. */
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'unix'
  readonly isV6: boolean
  /** Null for a Unix socket. */
  readonly port: number | null
  /** The path of a Unix socket; null if it has none. */
  readonly path: string | null
}

/** The first passed descriptor, by sd_listen_fds(3). */
const FIRST = 3

/** Most passed sockets; no service manager passes more. */
const MOST = 64

/** The place of a socket's address in a line of the system's tables, in hexadecimal. */
const ADDRESS = 1

/** The system's tables of sockets; `column` is the place of a socket's inode in a line. */
const TABLES = [
  { table: 'tcp', kind: 'tcp', isV6: false, column: 9 },
  { table: 'tcp6', kind: 'tcp', isV6: true, column: 9 },
  { table: 'udp', kind: 'udp', isV6: false, column: 9 },
  { table: 'udp6', kind: 'udp', isV6: true, column: 9 },
  { table: 'unix', kind: 'unix', isV6: false, column: 6 },
] as const

/**
 * The sockets described by `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`, the variables of
 * systemd's socket units. Empty if they are meant for another process.
 * @throws BtkitError if a descriptor is not a socket
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

/** Finds the kind of a socket in the system's tables. */
function describeSocket(fd: number): Omit<PassedSocket, 'fd' | 'name'> {
  const inode = inodeOf(fd)
  for (const { table, kind, isV6, column } of TABLES) {
    // Empty if the system has no such table
    const lines = tryOr('', () => readFileSync(`/proc/self/net/${table}`, 'utf8')).split('\n')
    const rows = lines.map((line) => line.trim().split(/ +/))
    const fields = rows.find((row) => row[column] === inode)
    if (!fields) continue
    // A path may contain spaces
    const path = kind === 'unix' ? fields.slice(column + 1).join(' ') || null : null
    const port = kind === 'unix' ? null : parseInt(fields[ADDRESS]?.split(':')[1] ?? '', 16)
    return { kind, isV6, port, path }
  }
  throw new BtkitError(
    'usage',
    `LISTEN_FDS: descriptor ${fd} is not a TCP, UDP or Unix socket; correct the socket unit`,
  )
}

function inodeOf(fd: number): string {
  // Empty if the descriptor is not open
  const target = tryOr('', () => readlinkSync(`/proc/self/fd/${fd}`))
  const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? []
  if (inode !== undefined) return inode
  throw new BtkitError(
    'usage',
    `LISTEN_FDS: descriptor ${fd} is not a socket; correct the socket unit`,
  )
}
