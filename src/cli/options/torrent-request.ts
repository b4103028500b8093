import {
  ADDRESS_RULES,
  faultsOf,
  findUnlikelySeeds,
  unlistedAnnounce,
} from '../../metainfo/lint/trackers.js'
import type { CheckedTrackers, MakeRequest } from '../../core/make/make-torrent.js'
import { resolve } from 'node:path'
import { usageError } from '../../base/errors.js'
import { ASKED_ROWS, type AskedOptions, commonRequestOf } from '../../core/make/asked.js'
import { reportNote, reportWarning } from '../output/messages.js'
import type { Io } from '../io.js'
import {
  announceUrls,
  directoryAddress,
  distinctTiers,
  formatAnnounceList,
} from '../../metainfo/trackers.js'
import { hideSecrets } from '../../base/text/secrets.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import { FIELDS } from '../../metainfo/fields.js'
import { decodeUtf8 } from '../../metainfo/parse/require-field.js'
import { LARGEST_SECONDS } from '../../metainfo/forms.js'
import { extraKeys } from './extra-keys.js'
import type { MakerOptions } from './torrent.js'

/** The operands of a command line, and how it was called. */
interface RequestOperands {
  /** The tracker among the operands, or tiers of trackers; null if none is named. */
  readonly tiers: CheckedTrackers['announceList'] | null
  /** The directories that hold the sources. */
  readonly directories: readonly string[]
  readonly isLegacy: boolean
  /** Whether clients must find peers by the torrent itself. */
  readonly needsPeers?: boolean
}

/**
 * Translates the options common to makemetafile and completedir.
 * @throws BtkitError `usage` if clients would find no peers, or if options contradict each other
 */
export function commonRequest(operands: RequestOperands, options: MakerOptions, io: Io) {
  const trackers = namedTrackers(operands.tiers, options)
  if (operands.needsPeers && trackers.announce === null) requirePeers(options)
  if (options.webSeedBase.length > 0) requireOneDirectory(operands.directories, io)
  const date = creationDate(options.date, io)
  const common = commonRequestOf({ ...torrentOptionsOf(options), creationDate: date }, trackers)
  return {
    ...common,
    scan: { ...common.scan, isLegacy: operands.isLegacy },
    write: { claim: io.shared?.claim },
  }
}

/** The options as programs give them. Without a date the time counts. */
export function torrentOptionsOf(options: MakerOptions): AskedOptions {
  const { hybrid, v2, sortBy, date } = options
  const given: Readonly<Record<string, unknown>> = options
  const named = ASKED_ROWS.map(([name, { options: [option = name] = [] }]) => {
    // `--no-…` leaves a value out
    return [name, given[option] === false ? null : given[option]]
  })
  return {
    ...(Object.fromEntries(named) as AskedOptions),
    trackers: options.announceList ?? options.announce,
    webSeeds: [
      ...options.webSeed,
      ...options.webSeedBase.map((base) => directoryAddress(base, [])),
    ],
    // Old clients support nothing but v1
    version: hybrid ? 'hybrid' : v2 ? 'v2' : 'v1',
    pieceLength: options.pieceLength ?? options.pieceSizePow2,
    order: sortBy === 'given' ? undefined : sortBy,
    source: options.source.at(-1),
    ...extraKeys(options.set),
    creationDate: date === false ? null : date === 'now' ? undefined : date,
  }
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

/**
 * The trackers on a command line, possibly none.
 * @throws BtkitError `usage` if options contradict each other
 */
function namedTrackers(operand: RequestOperands['tiers'], options: MakerOptions): CheckedTrackers {
  const given = distinctTiers(operand ?? options.announce)
  if (operand !== null && options.announce.length > 0) {
    throw usageError(
      `${formatAnnounceList(operand)}: give the tracker either as an argument or with --announce`,
    )
  }
  const whole = options.announceList && distinctTiers(options.announceList)
  const list = whole ?? (given.flat().length > 1 ? given : [])
  const announce = given[0]?.[0] ?? list[0]?.[0] ?? null
  return { announce, announceList: [...list] }
}

const SEEDS = '--web-seed or --http-seed, or use --trackerless'

/**
 * @throws BtkitError `usage` if a torrent without a tracker names no other source of its content
 */
function requirePeers(options: MakerOptions): void {
  if (options.trackerless || hasOtherSources(options)) return
  if (options.private) throw usageError(`no tracker, which --private needs; give its URL, ${SEEDS}`)
  throw usageError(`no tracker; give its URL, --node, ${SEEDS}`)
}

/** Whether the DHT or a seed is named, by which clients need no tracker. */
export function hasOtherSources(options: MakerOptions): boolean {
  const { node, webSeed, webSeedBase, httpSeed } = options
  return [node, webSeed, webSeedBase, httpSeed].some(({ length }) => length > 0)
}

/**
 * Checks that all sources lie in one directory, because the URL of --web-seed-base stands for one.
 * @throws BtkitError `usage`
 */
function requireOneDirectory(directories: readonly string[], io: Pick<Io, 'cwd'>): void {
  const distinct = new Set(directories.map((directory) => resolve(io.cwd, directory)))
  if (distinct.size <= 1) return
  const [first = '', second = ''] = distinct
  const why = `is the address of one directory, not of ${first} and ${second}`
  throw usageError(`--web-seed-base: ${why}`)
}

/**
 * Reports trackers that no client will use, addresses that are probably mistyped or hold secrets,
 * and keys in `info`.
 */
export function noteOdd(parts: MakeRequest['parts'], options: MakerOptions, io: Io): void {
  const { set, webSeed, webSeedBase, httpSeed } = options
  const unlikely = announceUrls(parts).flatMap((tracker) => faultsOf(tracker))
  // A local URL of the content itself is typed on purpose
  const seeds = { webSeeds: [...webSeed, ...webSeedBase], httpSeeds: httpSeed }
  for (const finding of [...unlikely, ...findUnlikelySeeds(seeds)])
    reportNote(hideSecrets(finding), io)
  const update = set.find(({ key, isInInfo }) => isInInfo && key === FIELDS.updateUrl.key)?.value
  const updateUrl = isByteString(update) ? decodeUtf8(update) : null
  for (const rule of Object.values(ADDRESS_RULES))
    for (const fault of rule({ ...parts, updateUrl, private: options.private }))
      reportWarning(hideSecrets(fault), io)
  const announce = unlistedAnnounce(parts)
  if (announce !== null)
    reportWarning(`${announce}: not in the announce list, so clients will not use it`, io)
  const keys = set.filter(({ isInInfo }) => isInInfo).map(({ key }) => `info.${key}`)
  if (keys.length > 0) reportNote(`--set ${keys.join(', ')}: changes the info hash`, io)
}
