import { statSync } from 'node:fs'
import { BtkitError } from '../../base/errors.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import type { ClientAddress } from './address.js'

/** The largest credentials file, in bytes. */
const MAX_SIZE = 1024 * 1024

/** Mode bits that give access to other users than the owner. */
const OTHERS = 0o077

/**
 * Adds the credentials for the host of an address from a file in the form of netrc(5): `machine
 * host` or `machine host:port`, `login`, `password`. An address with credentials is returned
 * unchanged. The file may be missing; the address names it in any case.
 * @throws BtkitError `not-permitted` if other users can read the file, and as readWhole
 */
export function withCredentials(address: ClientAddress, file: string | null): ClientAddress {
  const needsNone = address.scgi !== null || address.user + address.password !== ''
  if (needsNone || file === null) return address
  const isThere = statIfThere(file) !== null
  const named = { ...address, netrc: { path: file, isThere } }
  if (!isThere) return named
  requirePrivate(file)
  const found = findMachine(
    Buffer.from(readWhole(file, MAX_SIZE, { mayWait: true })).toString(),
    address.url,
  )
  return { ...named, ...found }
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
  return machines.get(host) ?? machines.get(hostname) ?? machines.get(DEFAULT) ?? null
}

/** The name of the entry for hosts without one of their own; no host has it. */
const DEFAULT = ''

/**
 * Reads the entries of a netrc file, as curl, wget and Python do. The first one for a machine
 * counts; words may be in quotes, and macros end at an empty line.
 */
function readMachines(text: string): Map<string, Machine> {
  const machines = new Map<string, Machine>()
  const begin = (name: string): Machine => {
    const machine = { user: '', password: '' }
    if (!machines.has(name)) machines.set(name, machine)
    return machine
  }
  const words = /"((?:[^"\\]|\\.)*)"|\S+/g
  const next = () => {
    const [word = '', quoted] = words.exec(text) ?? []
    return quoted?.replace(/\\(.)/g, '$1') ?? word
  }
  const skipTo = (end: RegExp) => {
    end.lastIndex = words.lastIndex
    words.lastIndex = end.test(text) ? end.lastIndex : text.length
  }
  let machine = begin(' ')
  for (let word = next(); word !== ''; word = next()) {
    if (word.startsWith('#')) skipTo(/\n|$/g)
    else if (word === 'machine') machine = begin(next())
    else if (word === 'default') machine = begin(DEFAULT)
    else if (word === 'login') machine.user = next()
    else if (word === 'password') machine.password = next()
    else if (word === 'account') next()
    else if (word === 'macdef') skipTo(/\n[ \t\r]*\n/g)
  }
  return machines
}
