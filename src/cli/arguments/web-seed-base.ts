import { InvalidArgumentError } from '@commander-js/extra-typings'
import { basename, dirname, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import {
  directoryAddress,
  fileAddress,
  formatAnnounceList,
  isSeed,
} from '../../metainfo/trackers.js'
import type { Io } from '../io.js'
import { publicUrl } from './server-options.js'
import type { DhtNode } from '../../metainfo/metainfo.js'

/** Adds the URL of the directory that contains the sources of torrents. */
export function webSeedBases(text: string, previous: string[]): string[] {
  if (isSeed(text)) return [...previous, publicUrl(text)]
  throw new InvalidArgumentError('Not an http or https URL without ? and #.')
}

/** The file or directory from which a torrent is made. */
export interface SeededSource {
  readonly source: string
  /** The torrent's name. */
  readonly name: string
}

/**
 * The web seeds of a torrent whose source lies in a directory with these URLs, in the form that
 * `serve` uses: clients append the torrent's name.
 * @throws BtkitError `usage` if the source is a directory with another name than the torrent
 */
export function seedsBelow(
  bases: readonly string[],
  { source, name }: SeededSource,
  io: Pick<Io, 'cwd'>,
): string[] {
  const own = basename(resolve(io.cwd, source))
  if (own === name) return bases.map((base) => directoryAddress(base, []))
  if (bases.length > 0 && statIfThere(resolve(io.cwd, source))?.isDirectory()) {
    const why = `clients would look for the directory ${name} there, not for ${own}`
    throw new BtkitError('usage', `--web-seed-base: cannot be used with another --name; ${why}`)
  }
  return bases.map((base) => fileAddress(base, [own]))
}

/**
 * Checks that all sources lie in one directory, because the URL stands for one.
 * @throws BtkitError `usage`
 */
export function checkOneDirectory(
  bases: readonly string[],
  directories: readonly string[],
  io: Pick<Io, 'cwd'>,
): void {
  const distinct = new Set(directories.map((directory) => resolve(io.cwd, directory)))
  if (bases.length === 0 || distinct.size <= 1) return
  const [first = '', second = ''] = distinct
  const why = `is the address of one directory, not of ${first} and ${second}`
  throw new BtkitError('usage', `--web-seed-base: ${why}`)
}

/** The directories that contain the sources. */
export function directoriesOf(sources: readonly string[], io: Pick<Io, 'cwd'>): string[] {
  return sources.map((source) => dirname(resolve(io.cwd, source)))
}

const OTHERS = '--announce-list, --node, --web-seed or --http-seed'
const WAYS = `give its URL, ${OTHERS}, or use --trackerless`

/**
 * The options of makemetafile and completedir that tell clients where to find peers and content.
 */
export interface TrackerOptions {
  /** One tier per option. */
  readonly announce: readonly (readonly string[])[]
  readonly announceList?: readonly (readonly string[])[] | undefined
  readonly trackerless: boolean
  readonly node: readonly DhtNode[]
  readonly webSeed: readonly string[]
  readonly webSeedBase: readonly string[]
  readonly httpSeed: readonly string[]
  readonly private?: boolean
}

type Tiers = readonly (readonly string[])[]

/** The trackers of a torrent. An empty list leaves no key. */
export interface ChosenTrackers {
  readonly announce: string | null
  readonly announceList: readonly (readonly string[])[]
}

/**
 * The trackers on a command line. `operand` is the tracker among its arguments.
 * @throws BtkitError `usage` if clients would find no peers, or if options contradict each other
 */
export function chooseTrackers(operand: Tiers | null, options: TrackerOptions): ChosenTrackers {
  const chosen = namedTrackers(operand, options)
  if (chosen.announce === null && !options.trackerless && !hasOtherSources(options)) {
    if (options.private) throw usage(`no tracker, which --private needs; ${WAYS}`)
    throw usage(`no tracker; ${WAYS}`)
  }
  return chosen
}

/** The note on a torrent without a tracker; null if its peers are found some other way. */
export function trackerlessNote(
  { announce }: ChosenTrackers,
  options: TrackerOptions,
): string | null {
  if (announce !== null || options.trackerless || hasOtherSources(options)) return null
  return 'no tracker: clients find each other through the DHT; give the URL of a tracker to use one'
}

/**
 * The trackers on a command line, possibly none.
 * @throws BtkitError `usage` if options contradict each other
 */
export function namedTrackers(operand: Tiers | null, options: TrackerOptions): ChosenTrackers {
  const given = operand ?? options.announce
  checkTogether(operand, options)
  const list = options.announceList ?? (given.flat().length > 1 ? given : [])
  const announce = given[0]?.[0] ?? list[0]?.[0] ?? null
  return { announce, announceList: [...list] }
}

function checkTogether(operand: Tiers | null, options: TrackerOptions): void {
  const { announce, announceList, trackerless } = options
  if (trackerless && operand !== null)
    throw usage(`--trackerless and ${formatAnnounceList(operand)} cannot be used together`)
  if (trackerless && (announce.length > 0 || announceList)) {
    const other = announceList ? '--announce-list' : '--announce'
    throw usage(`--trackerless and ${other} cannot be used together`)
  }
  if (operand !== null && announce.length > 0) {
    throw usage(
      `${formatAnnounceList(operand)}: give the tracker either as an argument or with --announce`,
    )
  }
  if (announceList && (operand ?? announce).flat().length > 1) {
    const where = operand ? 'the argument' : '--announce'
    throw usage(`--announce-list and several trackers in ${where} cannot be used together`)
  }
}

function hasOtherSources(options: TrackerOptions): boolean {
  const { node, webSeed, webSeedBase, httpSeed } = options
  return [node, webSeed, webSeedBase, httpSeed].some(({ length }) => length > 0)
}

function usage(reason: string): BtkitError {
  return new BtkitError('usage', reason)
}
