import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InfoRule } from '../../../core/complete/report.js'
import { TorrentFeed } from '../../../core/complete/tidy/feed.js'
import type { CompleteRequest } from '../../../core/complete/request.js'
import type { SyncClient } from '../../../core/keep-seeded/client-target.js'
import { usageError } from '../../../base/errors.js'
import type { Decided } from '../../configuration/parse.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { missingSource, type Operands } from '../../line/operands.js'
import { notesOffDisk } from '../../options/off-disk.js'
import { commonRequest } from '../../options/torrent-request.js'
import type { Report } from '../../output/report.js'
import { shownUrl } from '../../../base/text/secrets.js'
import { contentUrl, looksLikeUrl } from '../../../metainfo/trackers.js'
import type { CompletedirOptions } from './options.js'

/**
 * Translates a command line.
 * @throws BtkitError `usage`
 */
export async function completeRequest(
  { tiers, sources, typed }: Operands & { readonly typed: readonly Decided[] },
  options: CompletedirOptions,
  { io, isLegacy }: Pick<CommandContext, 'io' | 'isLegacy'>,
): Promise<CompleteRequest> {
  const common = commonRequest({ tiers, directories: sources, isLegacy }, options, io)
  if (options.source.length > 1) {
    throw usageError('--source: completedir makes one torrent for each entry; give one tag')
  }
  if (options.sortBy === 'given') {
    throw usageError('--sort-by given: only makemetafile reads a list of files')
  }
  const keepTrackers = common.parts.announce === null && !options.trackerless
  if (keepTrackers && sources.length > 1) requireAll(sources, io)
  return {
    directories: sources.map(shownUrl),
    target: options.output ?? null,
    common,
    checksums: options.checksums,
    prune: options.pruneAll ? 'always' : options.prune ? 'careful' : 'never',
    existing: { asked: askedRules(typed), remake: options.remake, keepTrackers },
    adopt: options.adopt,
    force: options.force,
    dryRun: options.dryRun,
    waitSeconds: options.wait,
    minAgeSeconds: options.minAge,
    publish: await clientsOf(options, io),
    feed: feedOf(options, sources, io),
  }
}

/**
 * The addresses of the lists among the sources; null if these are directories. Options for files on
 * a disk are noted.
 * @throws BtkitError `usage`
 */
export function listsOf(
  sources: readonly string[],
  options: CompletedirOptions,
  { typed, out }: { readonly typed: readonly Decided[]; readonly out: Pick<Report, 'note'> },
): string[] | null {
  const lists = sources.filter(looksLikeUrl)
  const [first] = lists
  const { together, headerFile, output } = options
  if (first === undefined) {
    const option = together === undefined ? '--header-file' : '--together'
    if ((together ?? headerFile) === undefined) return null
    const advice = together === undefined ? '' : '; makemetafile makes one torrent of a directory'
    throw usageError(`${option}: needs the URL of a list${advice}`)
  }
  if (output === undefined)
    throw usageError(`${shownUrl(first)}: is on a server; name the directory for torrents with -o`)
  if (together !== undefined && lists.length > 1)
    throw usageError('--together: is the name of one torrent, and there are several lists')
  const keys = typed.map(({ entry }) => entry.key)
  for (const note of notesOffDisk(options, keys)) out.note(note)
  return lists.map(contentUrl)
}

/**
 * Refuses several directories of which one is missing if no tracker is named: it may be a mistyped
 * one.
 */
function requireAll(sources: readonly string[], io: Io): void {
  const missing = sources.find((source) => {
    return !looksLikeUrl(source) && !existsSync(resolve(io.cwd, source))
  })
  if (missing !== undefined) throw missingSource(missing)
}

/** Milliseconds that a client may take to check data before the run continues. */
const LOOK_LIMIT_MS = 60_000

async function clientsOf(options: CompletedirOptions, io: Io): Promise<SyncClient[]> {
  if (options.publish.length === 0) return []
  // The code for clients takes a while to load and is rarely needed
  const { openClients, syncClient } = await import('../../open/clients.js')
  const { waitingFor } = await import('../../../core/publish/wait-for.js')
  const waiting = waitingFor(LOOK_LIMIT_MS, io)
  const clients = openClients(options.publish, io)
  return clients.map((client) => syncClient(client, options, waiting))
}

/** The rules of `info` that are set on the command line. */
function askedRules(typed: readonly Decided[]): InfoRule[] {
  const rules = typed.flatMap(({ entry: { traits }, value }) => {
    return traits.ruledBy === undefined || value === traits.ruledBy ? (traits.rule ?? []) : []
  })
  return [...new Set(rules)]
}

/**
 * The feed of a run; null if none is wanted. The URL stands for one directory.
 * @throws BtkitError `usage`
 */
function feedOf(
  { feed, feedUrl, output }: Pick<CompletedirOptions, 'feed' | 'feedUrl' | 'output'>,
  sources: readonly string[],
  io: Pick<Io, 'cwd' | 'shared'>,
) {
  if (feed === undefined || feedUrl === undefined) return null
  if (output === undefined && new Set(sources.map((each) => resolve(io.cwd, each))).size > 1)
    throw usageError('--feed: the torrents of several directories need one --output')
  const directory = output ?? sources[0] ?? ''
  return new TorrentFeed(feed, feedUrl, directory, io.shared?.claim)
}

/** The file for the metrics of a run; null without `--metrics-file`, and in a dry run. */
export function metricsFile(
  { metricsFile: path, output, dryRun }: CompletedirOptions,
  sources: readonly string[],
  { cwd, shared }: Pick<Io, 'cwd' | 'shared'>,
) {
  if (path === undefined || dryRun) return null
  const places = output === undefined ? sources : [output]
  return { path, target: places.map((each) => resolve(cwd, each)).join(' '), claim: shared?.claim }
}
