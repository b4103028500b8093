import { BtkitError } from '../base/errors.js'
import type { CheckedOptions, FileOptions, TorrentOptions } from '../core/make/common-request.js'
import { checkSeconds } from '../metainfo/edit/details.js'
import type { MetainfoVersion } from '../metainfo/metainfo.js'
import { isPieceLength } from '../metainfo/piece-length.js'
import { checkSeed, tiersOf } from '../metainfo/trackers.js'
import type { PieceLength } from '../metainfo/values.js'

/**
 * Makes sure that all options have a known name.
 * @throws BtkitError `usage`
 */
function onlyKnown(options: object, known: readonly string[]): void {
  const odd = Object.keys(options).find((name) => !known.includes(name))
  if (odd !== undefined) {
    throw new BtkitError('usage', `${odd}: no such option; use ${known.join(', ')}`)
  }
}

/**
 * Makes sure that an argument is a path: programs in JavaScript may give anything.
 * @throws BtkitError `usage`
 */
export function requirePath(path: unknown, name: string): void {
  if (typeof path !== 'string') throw new BtkitError('usage', `${name}: not a path; give a string`)
}

/**
 * Makes sure that an argument is an array. The characters of a text would be taken for its
 * elements.
 * @throws BtkitError `usage`
 */
export function requireArray(list: unknown, name: string): void {
  if (!Array.isArray(list)) throw new BtkitError('usage', `${name}: not a list; give an array`)
}

/**
 * Makes sure that an option is a number above 0, if it is given.
 * @throws BtkitError `usage`
 */
export function requirePositive(value: unknown, name: string): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0))
    throw new BtkitError('usage', `${name}: not a number above 0`)
}

function requireText(text: unknown, name: string): void {
  if (typeof text !== 'string') throw new BtkitError('usage', `${name}: not a text; give a string`)
}

const TEXTS = ['comment', 'createdBy', 'source', 'name', 'output']
const NUMBERS = ['targetPieces', 'maxTorrentSize']
const LISTS = ['webSeeds', 'httpSeeds', 'nodes', 'include', 'exclude']

/**
 * Checks options of torrents: programs in JavaScript may give anything. The date is now by default.
 * @throws BtkitError `usage` for an unknown name, and for a value that torrents cannot have
 */
export function checkedOptions(
  options: TorrentOptions & FileOptions,
  known: readonly string[],
): CheckedOptions {
  onlyKnown(options, known)
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (LISTS.includes(name)) requireArray(value, name)
    if (value === null) continue
    if (TEXTS.includes(name)) requireText(value, name)
    if (NUMBERS.includes(name)) requirePositive(value, name)
  }
  const tiers = tiersOf(options.trackers ?? [])
  const { creationDate = Math.floor(Date.now() / 1000), maxPieceLength } = options
  return {
    ...options,
    trackers: {
      announce: tiers[0]?.[0] ?? null,
      announceList: tiers.flat().length > 1 ? tiers : [],
    },
    version: checkVersion(options.version ?? 'v1'),
    pieceLength: checkPieceLength(options.pieceLength ?? 'auto'),
    maxPieceLength:
      maxPieceLength === undefined
        ? undefined
        : checkedPieceLength(maxPieceLength, 'maximum piece length'),
    webSeeds: options.webSeeds?.map((url) => checkSeed(url, 'web seed')),
    httpSeeds: options.httpSeeds?.map((url) => checkSeed(url, 'HTTP seed')),
    creationDate:
      creationDate === 'mtime' || creationDate === null ? creationDate : checkSeconds(creationDate),
  }
}

const VERSIONS: readonly string[] = ['v1', 'v2', 'hybrid'] satisfies MetainfoVersion[]

/**
 * Returns a version that torrents can have.
 * @throws BtkitError `usage`
 */
export function checkVersion(version: MetainfoVersion): MetainfoVersion {
  if (VERSIONS.includes(version)) return version
  throw new BtkitError('usage', `version ${version}: not v1, v2 or hybrid`)
}

/**
 * Returns a piece length that torrents can have.
 * @throws BtkitError `usage`
 */
export function checkPieceLength(length: number | 'auto'): PieceLength | 'auto' {
  return length === 'auto' ? length : checkedPieceLength(length, 'piece length')
}

function checkedPieceLength(length: number, what: string): PieceLength {
  if (isPieceLength(length)) return length
  throw new BtkitError('usage', `${what} ${length}: not a power of two from 16 KiB to 1 GiB`).in(
    'pieceLength',
  )
}

/**
 * Makes sure that an argument is an array of paths.
 * @throws BtkitError `usage`
 */
export function requirePaths(paths: unknown, name: string): void {
  requireArray(paths, name)
  for (const path of paths as readonly unknown[]) requirePath(path, name)
}
