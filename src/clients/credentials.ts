import { statSync } from 'node:fs'
import { BtkitError } from '../errors.js'
import { readBounded, readBoundedRegular } from '../files/read-bounded.js'
import { statIfThere } from '../files/stat-files.js'
import type { ClientAddress } from './address.js'

/** The largest credentials file, in bytes. */
const MAX_SIZE = 1024 * 1024

/** Mode bits that give access to other users than the owner. */
const OTHERS = 0o077

/**
 * Adds the credentials for the host of an address from a file in the form of netrc(5): `machine
 * host` or `machine host:port`, `login`, `password`. An address with credentials is returned
 * unchanged. The file may be missing.
 * @throws BtkitError `not-permitted` if other users can read the file, and as readBounded
 */
export function withCredentials(address: ClientAddress, file: string | null): ClientAddress {
  const needsNone = address.scgi !== null || address.user + address.password !== ''
  if (needsNone || file === null || !statIfThere(file)) return address
  requirePrivate(file)
  const found = findMachine(Buffer.from(readBounded(file, MAX_SIZE)).toString(), address.url)
  return found ? { ...address, ...found } : address
}

function requirePrivate(file: string): void {
  if (process.platform === 'win32') return
  const { mode } = statSync(file)
  if ((mode & OTHERS) === 0) return
  throw new BtkitError('not-permitted', `${file}: other users can read it; run chmod 600 on it`)
}

interface Machine {
  user: string
  password: string
}

function findMachine(text: string, url: string): Machine | null {
  const { host, hostname } = new URL(url)
  const machines = readMachines(text)
  return machines.get(host) ?? machines.get(hostname) ?? null
}

/** Reads the entries of a netrc file. The first one for a machine counts. */
function readMachines(text: string): Map<string, Machine> {
  const machines = new Map<string, Machine>()
  const words = text.replace(/(^|\s)#[^\n]*/g, '$1').split(/\s+/)
  let machine: Machine = { user: '', password: '' }
  for (let i = 0; i + 1 < words.length; i++) {
    const value = words[i + 1] ?? ''
    if (words[i] === 'machine') {
      machine = { user: '', password: '' }
      if (!machines.has(value)) machines.set(value, machine)
    } else if (words[i] === 'login') machine.user = value
    else if (words[i] === 'password') machine.password = value
    else continue
    i++
  }
  return machines
}

/**
 * Reads a file that a client writes; null if it does not exist yet.
 * @throws BtkitError as readBoundedRegular
 */
export function readIfThere(path: string, maxSize: number): Uint8Array | null {
  try {
    return readBoundedRegular(path, maxSize)
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'not-found') return null
    throw error
  }
}
