import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { CheckedTrackers } from '../../../core/make/make-torrent.js'
import type { MakeGroup } from '../../../core/make/make-group.js'
import {
  namedArrival,
  publicSeed,
  type RemoteContent,
} from '../../../core/remote/remote-content.js'
import { lastName } from '../../../core/remote/remote-file.js'
import type { RemoteContents } from './remote.js'
import { directoryAddress, distinctSeeds, fileAddress } from '../../../metainfo/trackers.js'
import { BY_PATH } from '../../../core/digests/sort-files.js'
import { inShell } from '../../../base/text/escape.js'
import { asBtkitError, BtkitError, usageError } from '../../../base/errors.js'
import { commonRequest } from '../../options/torrent-request.js'
import type { Io } from '../../io.js'
import { isDirectory, MAY_BE_TRACKER, missingSource, type Operands } from '../../line/operands.js'
import { shownUrl } from '../../../base/text/secrets.js'
import type { MakemetafileOptions } from './options.js'
import { count } from '../../../base/text/quantity.js'

/** The operand for content from standard input. Its torrent is made as that of a file NAME here. */
export const STDIN = '-'

/** The operands of a command line, and the chosen paths below the one directory among them. */
interface MakeOperands extends Operands {
  readonly chosen?: readonly string[] | undefined
  /** By their paths, the checksums that a list says of files. */
  readonly stated?: MakeGroup['stated']
  /** The sources that are on servers. */
  readonly remote?: RemoteContents
  /** Whether one of BitTornado's names is used. */
  readonly isLegacy?: boolean
}

/**
 * Translates a command line into the requests for each source.
 * @throws BtkitError `usage` if options contradict each other
 */
export function makeRequests(
  operands: MakeOperands,
  options: MakemetafileOptions,
  io: Io,
): MakeGroup[] {
  const { sources, chosen, isLegacy = false } = operands
  const directories = sources.map((source) => dirname(resolve(io.cwd, source)))
  // A private torrent without a tracker would have no peers; the names of BitTornado want one
  // always
  const needsPeers = isLegacy || options.private
  const common = commonRequest({ ...operands, directories, isLegacy, needsPeers }, options, io)
  const byTag = trackersByTag(common.parts, options)
  checkTogether(operands, options)
  if (common.parts.announce === null && !options.trackerless) requireAll(operands, io)
  checkStandardOutput(options, io)
  const write = { ...common.write, noClobber: !options.clobber }
  const scan = { ...common.scan, chosen }
  // The order of a list is the only one that may differ from that of a file tree
  const order = chosen && common.version !== 'v1' ? BY_PATH : common.order
  // The current time is no difference
  const isDated =
    (options.date !== undefined && options.date !== 'now') || !!io.env['SOURCE_DATE_EPOCH']
  const groups = sources.map((given) => {
    const remote = operands.remote?.get(given)
    if (remote) requireSizes(remote, options)
    const name = torrentName(given, remote, options, io)
    const source = given === STDIN ? name : (remote?.arrival.place ?? given)
    const webSeeds = distinctSeeds([
      ...options.webSeed,
      ...(remote
        ? remoteSeeds(remote, name, options)
        : seedsBelow(options.webSeedBase, source, name, io)),
    ])
    const request = {
      ...common,
      parts: { ...common.parts, webSeeds },
      write,
      scan,
      order,
      force: options.force,
      // BitTornado replaced any torrent; --check replaces none
      keepsInfoHash: !isLegacy && !options.force && !options.check,
      source,
      name,
      torrent: null,
    }
    const place = remote ? '' : join(source, '..')
    const torrents = variantsOf(request, byTag, { ...options, place })
    const comparison = options.check ? { isDated } : undefined
    const arrival = given === STDIN ? arrivalOf(name, io) : remote && namedArrival(remote, name)
    const { stated } = operands
    return { torrents, checksums: options.checksums, stated, arrival, comparison }
  })
  checkDistinct(
    groups.flatMap(({ torrents }) => torrents),
    io,
  )
  return groups
}

/**
 * Refuses several sources of which one is missing if no tracker is named: it may be a mistyped one.
 * @throws BtkitError `not-found`
 */
function requireAll({ sources, remote }: MakeOperands, io: Io): void {
  if (sources.length < 2) return
  for (const source of sources) {
    const fault = remote?.get(source)?.arrival.fault
    if (fault)
      throw new BtkitError(fault.code, `${fault.message}; ${MAY_BE_TRACKER}`, { cause: fault })
    if (source === STDIN || remote?.has(source) || existsSync(resolve(io.cwd, source))) continue
    throw missingSource(source)
  }
}

/**
 * The trackers of each source tag. Several tags have one tracker in common, or one tier each:
 * otherwise each tracker would get the passkeys of all others.
 * @throws BtkitError `usage` if tags and trackers are no pairs
 */
function trackersByTag(trackers: CheckedTrackers, options: MakemetafileOptions): CheckedTrackers[] {
  const { source, private: isPrivate } = options
  const { announceList: tiers } = trackers
  if (source.length < 2 || tiers.flat().length < 2) return []
  if (!isPrivate || tiers.length !== source.length) {
    const what = `${source.length} --source and ${count(tiers.flat().length, 'tracker')}`
    const pairs =
      'give --private and one -a (or one tier of --announce-list) for each --source, in the same order'
    const why = 'each torrent would name all trackers'
    throw usageError(`${what}: ${why}; ${pairs}, or one command for each tracker`)
  }
  return tiers.map((tier) => {
    return { announce: tier[0] ?? null, announceList: tier.length > 1 ? [tier] : [] }
  })
}

/** The key of `info` that makes a torrent unique; other programs use this name, too. */
const RANDOM_KEY = 'entropy'

/** Makes a request for each source tag, or one without a tag. */
function variantsOf(
  request: NamedRequest,
  byTag: readonly CheckedTrackers[],
  options: MakemetafileOptions & { readonly place: string },
): MakeGroup['torrents'] {
  const [first, ...others] = options.source
  const variantOf = (tag = '', at = 0) => {
    const extraKeys = new Map(request.extraKeys)
    if (options.randomize) extraKeys.set(RANDOM_KEY, Buffer.from(randomBytes(16).toString('hex')))
    const parts = { ...request.parts, ...byTag[at] }
    const torrent = torrentPath(request, others.length > 0 ? tag : '', options)
    return { ...request, parts, sourceTag: tag === '' ? null : tag, extraKeys, torrent }
  }
  return [variantOf(first), ...others.map((tag, i) => variantOf(tag, i + 1))]
}

type NamedRequest = MakeGroup['torrents'][0]

/**
 * @throws BtkitError `usage` if options depend on the size of a file that its server does not tell
 */
function requireSizes({ arrival }: RemoteContent, options: MakemetafileOptions): void {
  const { targetPieces, maxTorrentSize } = options
  if (targetPieces === undefined && maxTorrentSize === undefined) return
  if (arrival.files.every(({ length }) => length !== undefined)) return
  const option = targetPieces === undefined ? '--max-torrent-size' : '--target-pieces'
  throw usageError(
    `${option}: needs all sizes, and ${arrival.place} tells none; use --piece-length`,
  )
}

/** The address of content as its web seed, unless options name others. */
function remoteSeeds(
  remote: RemoteContent,
  name: string,
  { webSeed, webSeedBase }: MakemetafileOptions,
): string[] {
  const isSet = remote.arrival.isDirectory
  const own = remote.name || name
  if (!isSet) refuseFileAddress(webSeedBase, own)
  if (webSeedBase.length > 0)
    return webSeedBase.map((base) =>
      isSet ? directoryAddress(base, []) : fileAddress(base, [own]),
    )
  return webSeed.length > 0 ? [] : [publicSeed(remote, name)]
}

/**
 * The web seeds of a torrent whose source lies in a directory with these URLs, in the form that
 * `serve` uses: clients append the torrent's name.
 * @throws BtkitError `usage` if the source is a directory with another name than the torrent
 */
function seedsBelow(
  bases: readonly string[],
  source: string,
  name: string,
  io: Pick<Io, 'cwd'>,
): string[] {
  const own = basename(resolve(io.cwd, source))
  const isSet = isDirectory(resolve(io.cwd, source))
  if (!isSet) refuseFileAddress(bases, own)
  if (own === name) return bases.map((base) => directoryAddress(base, []))
  if (bases.length > 0 && isSet) {
    const why = `clients would look for the directory ${name} there, not for ${own}`
    throw usageError(`--web-seed-base: cannot be used with another --name; ${why}`)
  }
  return bases.map((base) => fileAddress(base, [own]))
}

/** @throws BtkitError `usage` for the address of a file in the place of that of its directory */
function refuseFileAddress(bases: readonly string[], name: string): void {
  const base = bases.find((each) => lastName(each) === name)
  if (base === undefined) return
  const why = `clients would look for ${fileAddress(base, [name])}`
  const advice = `give this address with --web-seed, or leave out /${name}`
  throw usageError(`--web-seed-base ${base}: ${why}; ${advice}`)
}

/** The content of standard input, whose errors have its name. */
function arrivalOf(path: string, { stdin }: Io) {
  const place = 'standard input'
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* stdin
    } catch (error) {
      throw asBtkitError(error, place)
    }
  }
  return { place, isDirectory: false, files: [{ path, content: read() }] }
}

function checkStandardInput({ sources }: MakeOperands, options: MakemetafileOptions): void {
  if (!sources.includes(STDIN)) return
  if (sources.length > 1) {
    throw usageError('-: standard input is the content of a single torrent')
  }
  if (options.name === undefined) {
    throw usageError('-: standard input has no name; give one with --name')
  }
}

function checkTogether(operands: MakeOperands, options: MakemetafileOptions): void {
  const { sources, chosen } = operands
  checkStandardInput(operands, options)
  checkGivenOnce(sources)
  checkGivenOnce(options.source.map((tag) => `--source ${tag}`))
  if (options.randomize && options.set.some(({ isInInfo, key }) => isInInfo && key === RANDOM_KEY))
    throw usageError('--set info.entropy: --randomize sets this key, too; use one of them')
  if (sources.length > 1 && chosen) {
    throw usageError('--files-from works with a single directory only')
  }
  if (sources.length > 1 && options.name !== undefined) {
    throw usageError('--name works with a single file or directory only')
  }
  const missing = sources.find(
    (source) => source !== STDIN && !operands.remote?.has(source) && !existsSync(source),
  )
  const joined = sources.join(' ')
  if (missing !== undefined && sources.length > 1 && existsSync(joined))
    throw usageError(
      `${missing}: no such file; a name with a blank needs quotes: ${inShell(joined)}`,
    )
  const isSingle = sources.length === 1 && options.source.length <= 1
  if (!isSingle && options.output !== undefined && !isDirectory(options.output)) {
    const several = sources.length > 1 ? 'several torrents need' : 'several --source need'
    if (missing !== undefined && sources.length > 1)
      throw usageError(`${missing}: no such file (a name with a blank needs quotes)`)
    const url = operands.tiers ? undefined : [...(operands.remote?.keys() ?? [])].at(-1)
    const isLocal = sources.length > 1 && url === undefined
    const together = isLocal ? '; a list of files makes a single torrent: --files-from' : ''
    const advice =
      url === undefined ? together : `; if ${shownUrl(url)} is the tracker, give it with -a`
    throw usageError(`--output ${options.output}: not a directory, and ${several} one${advice}`)
  }
}

function checkGivenOnce(given: readonly string[]): void {
  const twice = given.find((text, i) => given.indexOf(text) < i)
  if (twice !== undefined) throw usageError(`${shownUrl(twice)}: is given twice`)
}

function checkStandardOutput(options: MakemetafileOptions, { stdout }: Io): void {
  const { output, json, dryRun } = options
  if (output !== '-') return
  if (json) throw usageError('--output - and --json both write to standard output')
  if (stdout.isTTY && !dryRun) {
    const advice = 'send the torrent to a file or a pipe'
    throw usageError(`--output -: standard output is a terminal; ${advice}`)
  }
}

/**
 * The path of the torrent: the target, a file in it, or a file beside the source. Null stands for
 * standard output. If a source has several torrents, their names contain `tag`.
 */
function torrentPath(
  { name }: NamedRequest,
  tag: string,
  { output, place }: MakemetafileOptions & { readonly place: string },
): string | null {
  if (output === '-') return null
  // Tags may contain any character
  const distinction = tag === '' ? '' : `.${tag.replaceAll(/[/\\\0]/g, '_')}`
  const file = `${name}${distinction}.torrent`
  if (output === undefined) return join(place, file)
  return isDirectory(output) || output.endsWith('/') ? join(output, file) : output
}

function torrentName(
  source: string,
  remote: RemoteContent | undefined,
  options: MakemetafileOptions,
  io: Io,
): string {
  const name = options.name ?? remote?.name ?? basename(resolve(io.cwd, source))
  if (name !== '' || options.name !== undefined) return name
  // Clients look for the files of a list below the name of the torrent
  const advice = remote?.arrival.isDirectory
    ? 'move the list and its files into a directory of the server, whose name the torrent gets'
    : 'use --name'
  throw usageError(`${shownUrl(source)}: has no name of its own; ${advice}`)
}

function checkDistinct(requests: readonly NamedRequest[], io: Io): void {
  const seen = new Map<string, NamedRequest>()
  for (const request of requests) {
    const { torrent } = request
    if (torrent === null) continue
    const path = resolve(io.cwd, torrent)
    const other = seen.get(path)
    if (other) {
      const both = describeBoth(other, request)
      throw usageError(`${both} would both be written to ${torrent}`)
    }
    seen.set(path, request)
  }
}

/** Names two torrents. Torrents of one source differ by their tags. */
function describeBoth(a: NamedRequest, b: NamedRequest): string {
  if (a.source !== b.source) return `${a.source} and ${b.source}`
  return `--source ${a.sourceTag} and --source ${b.sourceTag}`
}
