import { findUnlikelyPath, unlistedAnnounce } from '../../metainfo/lint/trackers.js'
import type { CheckedTrackers } from '../../core/make/make-torrent.js'
import { basename, dirname, resolve } from 'node:path'
import { usageError } from '../../base/errors.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { type CheckedOptions, commonRequestOf } from '../../core/make/common-request.js'
import { reportNote, reportWarning } from '../output/messages.js'
import type { Io } from '../io.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import {
  announceUrls,
  directoryAddress,
  fileAddress,
  formatAnnounceList,
} from '../../metainfo/trackers.js'
import { TEXT_NAMES, type TextName } from '../../metainfo/fields.js'
import { LARGEST_SECONDS } from '../../metainfo/forms.js'
import { extraKeys } from './extra-keys.js'
import type { MakerOptions } from './torrent.js'

/** Translates the options common to makemetafile and completedir. */
export function commonRequest(
  trackers: CheckedTrackers,
  options: MakerOptions,
  io: Io,
  isLegacy: boolean,
) {
  const common = commonRequestOf({
    ...torrentOptionsOf(options),
    trackers,
    creationDate: creationDate(options.date, io),
  })
  return {
    ...common,
    scan: { ...common.scan, isLegacy },
    write: { claim: io.shared?.claim },
  }
}

/** The options as programs give them, except the date, which depends on the time. */
export function torrentOptionsOf(
  options: MakerOptions,
): Omit<CheckedOptions, 'trackers' | 'creationDate'> {
  return {
    all: options.hidden,
    include: options.include,
    exclude: options.exclude,
    links: options.symlinks,
    attributes: options.attributes,
    version: versionOf(options),
    padFiles: options.padFiles,
    order: options.sortBy === 'given' ? undefined : options.sortBy,
    pieceLength: options.pieceLength ?? options.pieceSizePow2,
    targetPieces: options.targetPieces,
    maxTorrentSize: options.maxTorrentSize,
    maxPieceLength: options.maxPieceLength,
    private: options.private,
    source: options.source.at(-1),
    ...extraKeys(options.set),
    httpSeeds: options.httpSeed,
    webSeeds: [
      ...options.webSeed,
      ...options.webSeedBase.map((base) => directoryAddress(base, [])),
    ],
    nodes: options.node,
    ...textsOf(options),
  }
}

/** `--no-…` leaves a text out. */
function textsOf(options: Pick<MakerOptions, TextName>): Record<string, string | null | undefined> {
  return Object.fromEntries(
    TEXT_NAMES.map((name) => {
      const text: string | false | undefined = options[name]
      return [name, text === false ? null : text]
    }),
  )
}

/** The version of new torrents. The default is v1, because old clients support nothing else. */
function versionOf({ v2, hybrid }: Pick<MakerOptions, 'v2' | 'hybrid'>): MetainfoVersion {
  if (hybrid) return 'hybrid'
  return v2 ? 'v2' : 'v1'
}

/** Warns of trackers that no client will use, or that are probably mistyped. */
export function warnOfTracker(trackers: CheckedTrackers, io: Io): void {
  for (const finding of announceUrls(trackers).flatMap((tracker) => [...findUnlikelyPath(tracker)]))
    reportNote(finding, io)
  const announce = unlistedAnnounce(trackers)
  if (announce === null) return
  reportWarning(`${announce}: not in the announce list, so clients will not use it`, io)
}

/** Reports that keys set in `info` change the info hash. */
export function noteInfoKeys({ set }: MakerOptions, io: Io): void {
  const keys = set.filter(({ isInInfo }) => isInInfo).map(({ key }) => `info.${key}`)
  if (keys.length === 0) return
  reportNote(`--set ${keys.join(', ')}: changes the info hash`, io)
}

/** The creation date of the option, else of SOURCE_DATE_EPOCH, else now. */
function creationDate(option: MakerOptions['date'], { env, now }: Io): number | 'mtime' | null {
  if (option === false) return null
  if (option === 'now') return Math.floor(now() / 1000)
  if (option !== undefined) return option
  const epoch = env['SOURCE_DATE_EPOCH']
  if (epoch === undefined || epoch === '') return Math.floor(now() / 1000)
  if (/^\d{1,13}$/.test(epoch) && Number(epoch) <= LARGEST_SECONDS) return Number(epoch)
  throw usageError(`SOURCE_DATE_EPOCH '${epoch}': not a number of seconds`)
}

const SEEDS = '--web-seed or --http-seed, or use --trackerless'

type Tiers = CheckedTrackers['announceList']

/**
 * The trackers on a command line. `operand` is the tracker among its arguments.
 * @throws BtkitError `usage` if clients would find no peers, or if options contradict each other
 */
export function chooseTrackers(operand: Tiers | null, options: MakerOptions): CheckedTrackers {
  const chosen = namedTrackers(operand, options)
  if (chosen.announce === null && !options.trackerless && !hasOtherSources(options)) {
    if (options.private)
      throw usageError(`no tracker, which --private needs; give its URL, ${SEEDS}`)
    throw usageError(`no tracker; give its URL, --node, ${SEEDS}`)
  }
  return chosen
}

/** The note on a torrent without a tracker; null if its peers are found some other way. */
export function trackerlessNote(
  { announce }: CheckedTrackers,
  options: MakerOptions,
): string | null {
  if (announce !== null || options.trackerless || hasOtherSources(options)) return null
  return 'no tracker: clients find each other through the DHT; give the URL of a tracker to use one'
}

/**
 * The trackers on a command line, possibly none.
 * @throws BtkitError `usage` if options contradict each other
 */
export function namedTrackers(operand: Tiers | null, options: MakerOptions): CheckedTrackers {
  const given = operand ?? options.announce
  if (operand !== null && options.announce.length > 0) {
    throw usageError(
      `${formatAnnounceList(operand)}: give the tracker either as an argument or with --announce`,
    )
  }
  const list = options.announceList ?? (given.flat().length > 1 ? given : [])
  const announce = given[0]?.[0] ?? list[0]?.[0] ?? null
  return { announce, announceList: [...list] }
}

function hasOtherSources(options: MakerOptions): boolean {
  const { node, webSeed, webSeedBase, httpSeed } = options
  return [node, webSeed, webSeedBase, httpSeed].some(({ length }) => length > 0)
}

/**
 * The web seeds of a torrent whose source lies in a directory with these URLs, in the form that
 * `serve` uses: clients append the torrent's name.
 * @throws BtkitError `usage` if the source is a directory with another name than the torrent
 */
export function seedsBelow(
  bases: readonly string[],
  source: string,
  name: string,
  io: Pick<Io, 'cwd'>,
): string[] {
  const own = basename(resolve(io.cwd, source))
  if (own === name) return bases.map((base) => directoryAddress(base, []))
  if (bases.length > 0 && statIfThere(resolve(io.cwd, source))?.isDirectory()) {
    const why = `clients would look for the directory ${name} there, not for ${own}`
    throw usageError(`--web-seed-base: cannot be used with another --name; ${why}`)
  }
  return bases.map((base) => fileAddress(base, [own]))
}

/**
 * Checks that all sources lie in one directory, because the URL of --web-seed-base stands for one.
 * @throws BtkitError `usage`
 */
export function checkOneDirectory(directories: readonly string[], io: Pick<Io, 'cwd'>): void {
  const distinct = new Set(directories.map((directory) => resolve(io.cwd, directory)))
  if (distinct.size <= 1) return
  const [first = '', second = ''] = distinct
  const why = `is the address of one directory, not of ${first} and ${second}`
  throw usageError(`--web-seed-base: ${why}`)
}

/** The directories that contain the sources. */
export function directoriesOf(sources: readonly string[], io: Pick<Io, 'cwd'>): string[] {
  return sources.map((source) => dirname(resolve(io.cwd, source)))
}
