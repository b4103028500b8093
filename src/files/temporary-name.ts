import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { digestOf } from '../digest.js'

/** What the names end with. */
export const TEMPORARY_SUFFIX = '.btkit-tmp'
const SHAPE = /^\..+\.([0-9a-f]{8})-([0-9a-f]+)-[0-9a-f]{8}\.btkit-tmp$/s

/** The longest name that eCryptfs takes; other file systems take 255 bytes. */
const MAX_BYTES = 143

/** A hidden name, new at every call, for what is to become a file called `name`. */
export function makeTemporaryName(name: string): string {
  const owner = `${hostDigest()}-${process.pid.toString(16)}`
  const ending = `.${owner}-${nextSuffix()}${TEMPORARY_SUFFIX}`
  return `.${shorten(name, MAX_BYTES - 1 - ending.length)}${ending}`
}

/** Another process may have had the same number, so it begins anywhere. */
let suffix: number | undefined

function nextSuffix(): string {
  suffix = ((suffix ?? randomBytes(4).readUInt32LE()) + 1) >>> 0
  return suffix.toString(16).padStart(8, '0')
}

/** Whether `name` is one of ours: a file being written, or left by a run that was killed. */
export function isTemporaryName(name: string): boolean {
  return name.endsWith(TEMPORARY_SUFFIX) && SHAPE.test(name)
}

/** Whether the process that made a temporary name is known to have ended. */
export function isDead(name: string): boolean {
  const [, host, pid] = SHAPE.exec(name) ?? []
  return pid !== undefined && host === hostDigest() && !isRunning(parseInt(pid, 16))
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Directories may be shared between machines, whose processes are not ours to see. */
function hostDigest(): string {
  knownHost ??= digestOf('sha256', hostname()).toString('hex', 0, 4)
  return knownHost
}

let knownHost: string | undefined

/** As many whole characters of `name` as fit in `maxBytes` of UTF-8. */
function shorten(name: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(name, new Uint8Array(maxBytes))
  return name.slice(0, read)
}
