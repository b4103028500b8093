import { hostname } from 'node:os'
import { digestOf } from '../../base/bytes.js'
import { isRunning, monotonicNow } from '../../base/process.js'
import { removeFile } from '../../base/directories.js'
import { callSystem, valueOr } from '../../base/errors.js'
import { readFirstNames } from '../look/read-names.js'
import type { Directory } from './directory.js'

/** The suffix of temporary names. */
const TEMPORARY_SUFFIX = '.btkit-tmp'
const SHAPE = /^\..+\.([0-9a-f]{8})-([0-9a-f]+)-[0-9a-f]{8}\.btkit-tmp$/s

/** The longest name in bytes that eCryptfs accepts; other file systems accept 255 bytes. */
const MAX_BYTES = 143

/** Returns a new hidden name for a file that will be renamed to `name`. */
export function makeTemporaryName(name: string): string {
  const owner = `${hostDigest()}-${process.pid.toString(16)}`
  suffix = ((suffix ?? Math.random() * 2 ** 32) + 1) >>> 0
  const ending = `.${owner}-${suffix.toString(16).padStart(8, '0')}${TEMPORARY_SUFFIX}`
  return `.${shorten(name, MAX_BYTES - 1 - ending.length)}${ending}`
}

/** Starts at a random number, because an earlier process may have had the same process number. */
let suffix: number | undefined

/**
 * Whether `name` is a temporary name of btkit: a file that is being written, or was left by a
 * killed run.
 */
export function isTemporaryName(name: string): boolean {
  return name.endsWith(TEMPORARY_SUFFIX) && SHAPE.test(name)
}

/**
 * Identifies this host: directories may be shared with hosts whose processes are not visible here.
 */
function hostDigest(): string {
  knownHost ??= digestOf('sha256', hostname()).toString('hex', 0, 4)
  return knownHost
}

let knownHost: string | undefined

/** Most UTF-8 bytes for a UTF-16 unit. */
const UNIT = 3

/** Shortens a name to whole characters within `maxBytes` of UTF-8. */
function shorten(name: string, maxBytes: number): string {
  if (UNIT * name.length <= maxBytes) return name
  const { read } = new TextEncoder().encodeInto(name, new Uint8Array(maxBytes))
  return name.slice(0, read)
}

/** Milliseconds in which a directory is cleaned once. */
const CLEANED_FOR = 60_000

/** Most directories that are remembered: a run over a tree writes to very many. */
const MOST_CLEANED = 20_000

/** When each directory was cleaned, by the monotonic clock. */
const cleaned = new Map<string, number>()

/**
 * Removes the temporary files of killed runs from a directory with these names.
 * @throws BtkitError `not-permitted` or `io`
 */
export function removeDeadFiles(directory: Directory, names: () => readonly string[]): void {
  callSystem(directory.path, () => {
    if (cleaned.size >= MOST_CLEANED) cleaned.clear()
    cleaned.set(directory.path, monotonicNow())
    for (const name of names()) {
      if (!isTemporaryName(name)) continue
      const [, host, pid = ''] = SHAPE.exec(name) ?? []
      if (host === hostDigest() && !isRunning(parseInt(pid, 16))) removeFile(directory.at(name))
    }
  })
}

/**
 * Largest number of names to examine in a directory; more would take longer than writing a file.
 */
const MAX_NAMES = 10_000

/**
 * Does the same for a directory that was not cleaned in the last minute, and ignores errors. It
 * takes little time: of a very large directory, not all names are examined.
 */
export function cleanDirectory(directory: Directory): void {
  valueOr(undefined, () => {
    if (monotonicNow() - (cleaned.get(directory.path) ?? -Infinity) < CLEANED_FOR) return
    removeDeadFiles(directory, () => readFirstNames(directory.at(), MAX_NAMES))
  })
}
