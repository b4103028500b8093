import { Command } from '../../acting-command.js'
import { MOST_TOLD } from '../../../core/keep-seeded/reconcile.js'
import { isWhole, type ClientTorrent } from '../../../core/publish/client.js'
import { findSeeds, type RunningSeed } from '../../../seeding/clients/seeds.js'
import { runtimeDirectory } from '../../../base/directories.js'
import { BtkitError } from '../../../base/errors.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { count } from '../../../base/text/quantity.js'
import { CLIENT } from '../../options/clients.js'
import { clientPatience, namesClient, noClient, openClients } from '../../open/clients.js'
import { eachTorrent, findNamedTorrent } from '../../open/torrent-input.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { failureKeys, listedValue, torrentValue } from '../../output/torrent-json.js'
import { shortHash, sortTorrents, sumOf, torrentTable } from '../../output/torrent-table.js'

/** Width of a table without a terminal, in characters. */
const PLAIN_WIDTH = 80

const EXAMPLES = `
Examples:
  btkit status --client scgi+unix:///run/rtorrent.sock
  btkit status --quiet /srv/torrents`

export const command: CommandRecord = {
  group: 'Serve and seed',
  order: 50,
  summary: 'Show what clients seed and what is missing',
  define: defineStatus,
}

function defineStatus({ io, finish }: CommandContext) {
  return new Command('status', { takes: 'torrent' })
    .description('Show what clients seed, and which torrents are missing there or damaged.')
    .argument(
      '[torrent...]',
      'torrents, info hashes, or directories of torrents (default: all that btkit published)',
    )
    .opt(...CLIENT)
    .opt(
      '--all',
      `show all torrents of the clients, also those that btkit did not publish. On a terminal, only
        50 torrents are listed without it, and all that have a problem.`,
    )
    .opt(
      '--json',
      `print one JSON object a line for each torrent and client. It has what the client reports.
        *torrent* is the name it was given by, or null. *error* and *code* say why it is not seeded.
        A named torrent that a client lacks has the state 'absent'. Of several btkit seed, one that
        seeds a torrent is enough.`,
    )
    .opt('-q, --quiet', 'print nothing unless something is wrong')
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      const named = namesClient(options.client, io)
      const clients = await clientsOf(options, io)
      const seeds = named ? [] : (await Promise.all(clients.map((seed) => seed.list()))).flat()
      const wanted = new Map<string, string>()
      const out = new Report(options, io)
      const { all = false } = options
      const columns = io.stdout.columns || PLAIN_WIDTH
      const most = io.stdout.isTTY && !all ? MOST_ROWS : Infinity
      const context = { wanted: names.length > 0 ? wanted : null, seeds, all, most, columns, out }
      const read = (torrent: string) => {
        const { infoHash } = findNamedTorrent(torrent)
        wanted.set(infoHash, torrent)
        return Promise.resolve()
      }
      const readable = await eachTorrent(names, read, out, io, { allowsNone: true })
      const sound = await out.each(clients, (client) => showClient(client, named, context))
      const whole = await out.each(named ? [] : [ALL_SEEDS], (each) => showAbsent(each, context))
      finish(readable || sound || whole)
    })
}

/** Rows of a client without problems that a terminal shows, unless all are asked for. */
const MOST_ROWS = 50

/** Stands for all seeds together, of which one is enough for a torrent. */
const ALL_SEEDS = { label: 'btkit seed' }

interface StatusContext {
  /** The given torrents by info hash; null if none was given and all are reported. */
  readonly wanted: ReadonlyMap<string, string> | null
  /** The torrents of all seeds; empty if clients are named. */
  readonly seeds: readonly ClientTorrent[]
  /** Whether torrents are shown that btkit did not publish. */
  readonly all: boolean
  /** Most rows of the table, unless more have problems. */
  readonly most: number
  /** Width of the table. */
  readonly columns: number
  readonly out: Report
}

/** The named clients, or all `btkit seed` of this user if none is named. */
async function clientsOf(
  { client }: { readonly client: string[] },
  io: Io,
): Promise<readonly RunningSeed[]> {
  if (namesClient(client, io)) return openClients(client, io).map((named) => named.client)
  const directory = runtimeDirectory(io)
  if (directory === null) {
    const unset = 'XDG_RUNTIME_DIR is not set, so no btkit seed can be found'
    throw noClient(`no client given, and ${unset}; `)
  }
  const seeds = await findSeeds(directory, { timeoutMs: clientPatience.ms, signal: io.signal })
  if (seeds.length > 0) return seeds
  const others = io.isRoot ? '' : ', type sudo btkit status for a service'
  throw noClient(
    `no client given, and no btkit seed answers in ${directory}; ` +
      `ask again if it has just started${others}, or `,
  )
}

/** Shows a client, or one of the seeds, which need not have all. */
async function showClient(client: RunningSeed, hasAll: boolean, context: StatusContext) {
  const { wanted, seeds, out } = context
  const { version, all } = await ask(client, out)
  const shown = await withFailures(
    client,
    all.filter(({ isMarked, infoHash }) => wanted?.has(infoHash) ?? (context.all || isMarked)),
  )
  const seeded = new Set(seeds.filter((each) => !isNotSeeded(each)).map(hashOf))
  const due = shown.filter((each) => {
    return (wanted !== null || each.isMarked) && !(isNotSeeded(each) && seeded.has(hashOf(each)))
  })
  const absent = hasAll ? absentOf(wanted, all) : []
  for (const value of valuesOf(client, shown, new Set(due), absent, wanted)) out.line(value)
  const lines = linesOf(shown, new Set(due.filter((each) => problemOf(each) !== null)), context)
  out.text([`${client.label}: ${version}, ${count(shown.length, 'torrent')}`, ...lines])
  const queued = shown.filter(({ state }) => state === 'queued').length
  if (queued > 0) {
    const why = 'its limit of active torrents is reached'
    out.alert(`${client.label}: ${count(queued, 'torrent')} not seeded now: ${why}`)
  }
  for (const warning of byReason(due, ({ warning = null }) => warning)) {
    out.alert(`${warning} (${client.label})`)
  }
  requireSeeded(client, due, absent, out)
}

/** The table of a client's torrents, those with problems first, and their sum. */
function linesOf(
  shown: readonly ClientTorrent[],
  problems: ReadonlySet<ClientTorrent>,
  { columns, most }: StatusContext,
): string[] {
  if (shown.length === 0) return []
  const hashes = new Set<string>(Array.from(problems, hashOf))
  const isProblem = ({ infoHash }: ClientTorrent) => hashes.has(infoHash)
  const sorted = sortTorrents(withoutRepetitions(shown), isProblem)
  const listed = sorted.slice(0, Math.max(most, problems.size))
  const rest = sorted.length - listed.length
  return [
    ...torrentTable(listed, columns).flatMap((entry) => entry.split('\n')),
    ...(rest > 0 ? [`${count(rest, 'other torrent')} without a problem; --all shows them`] : []),
    ...(sorted.length > 1 ? [sumOf(shown)] : []),
  ]
}

/** Reports the given torrents that none of the seeds has. */
function showAbsent(all: typeof ALL_SEEDS, context: StatusContext): Promise<void> {
  const { wanted, seeds, out } = context
  const absent = absentOf(wanted, seeds)
  for (const value of valuesOf(all, [], new Set(), absent, wanted)) out.line(value)
  requireSeeded(all, [], absent, out)
  return Promise.resolve()
}

/**
 * Reports the torrents that are not seeded well.
 * @throws BtkitError if there are any
 */
function requireSeeded(
  client: Pick<RunningSeed, 'label'>,
  due: readonly ClientTorrent[],
  absent: readonly Absent[],
  { fail }: Report,
): void {
  const problems = [...absent.map(([, torrent]) => notThere(torrent)), ...byReason(due, problemOf)]
  const more = problems.length - MOST_TOLD
  const rest = more > 0 ? [`${more} more such lines; --json has each torrent`] : []
  for (const problem of [...problems.slice(0, MOST_TOLD), ...rest]) {
    fail(new BtkitError('client', `${problem} (${client.label})`))
  }
  if (problems.length === 0) return
  const lost = due.filter(isNotSeeded).length + absent.length
  const hidden = due.filter((torrent) => problemOf(torrent) !== null).length
  const why =
    lost > 0
      ? `${count(lost, 'torrent')} not seeded`
      : `peers may not find ${count(hidden, 'torrent')}`
  throw new BtkitError('client', `${client.label}: ${why}`)
}

/** Adds what trackers that fail have answered, where the client's list does not have it. */
async function withFailures(client: RunningSeed, shown: readonly ClientTorrent[]) {
  const seeded = shown.filter(({ state, message }) => state === 'seeding' && message === null)
  const failures = await client.trackerFailures?.(seeded.map(({ infoHash }) => infoHash))
  if (!failures) return shown
  return shown.map((each) => ({ ...each, message: failures.get(each.infoHash) ?? each.message }))
}

/** Removes messages that several torrents have; they are reported once. */
function withoutRepetitions(shown: readonly ClientTorrent[]): ClientTorrent[] {
  const seen = new Map<string | null, number>()
  for (const { message } of shown) seen.set(message, (seen.get(message) ?? 0) + 1)
  return shown.map((each) => ({
    ...each,
    message: (seen.get(each.message) ?? 0) > 1 ? null : each.message,
  }))
}

/** A line for each reason that some torrents have, which names the first of them. */
function byReason(
  due: readonly ClientTorrent[],
  reasonOf: (torrent: ClientTorrent) => string | null,
): string[] {
  const torrents = new Map<string, ClientTorrent[]>()
  for (const torrent of due) {
    const reason = reasonOf(torrent)
    if (reason === null) continue
    const same = torrents.get(reason)
    if (same) same.push(torrent)
    else torrents.set(reason, [torrent])
  }
  return [...torrents].map(([reason, [first, ...others]]) => {
    const which = first ? `${first.name} (${shortHash(first)})` : ''
    const more = others.length > 0 ? ` and ${count(others.length, 'other torrent')}` : ''
    return `${which}${more}: ${reason}`
  })
}

/** Asks a client for its version and its torrents. A failure has a line of JSON. */
function ask(client: RunningSeed, { attempt }: Report) {
  return attempt(
    async () => ({ version: await client.version(), all: await client.list() }),
    (error) => [{ client: client.label, ...torrentValue(null, null, { failure: error }) }],
  )
}

/**
 * The values of each torrent for programs, also of those that the client lacks. It has to seed
 * those that are `due`.
 */
function* valuesOf(
  { label }: Pick<RunningSeed, 'label'>,
  shown: readonly ClientTorrent[],
  due: ReadonlySet<ClientTorrent>,
  absent: readonly Absent[],
  wanted: StatusContext['wanted'],
): Generator<object> {
  for (const each of shown) {
    const problem = due.has(each) ? problemOf(each) : null
    const what = `${each.name} (${shortHash(each)})`
    const error = problem === null ? null : new BtkitError('client', `${what}: ${problem}`)
    const torrent = wanted?.get(each.infoHash) ?? null
    yield listedValue({ client: label, torrent, ...each }, error)
  }
  for (const [infoHash, torrent] of absent) {
    const error = new BtkitError('not-found', notThere(torrent))
    yield { client: label, torrent, infoHash, state: 'absent', ...failureKeys(error) }
  }
}

type Absent = readonly [infoHash: string, torrent: string]

/** The given torrents that a client lacks. */
function absentOf(wanted: StatusContext['wanted'], list: readonly ClientTorrent[]): Absent[] {
  const there = new Set<string>(list.map(hashOf))
  return [...(wanted ?? [])].filter(([infoHash]) => !there.has(infoHash))
}

function hashOf({ infoHash }: ClientTorrent): InfoHash {
  return infoHash
}

function notThere(torrent: string): string {
  return `${torrent}: not in the client`
}

/** Why a torrent is not seeded, or not known to its tracker; null if it is, or may be soon. */
function problemOf(torrent: ClientTorrent): string | null {
  const { state, message } = torrent
  if (isNotSeeded(torrent)) return message ?? state
  return state === 'seeding' ? message : null
}

/** Whether a torrent is not seeding. One that is being checked or queued may still become whole. */
function isNotSeeded(torrent: ClientTorrent): boolean {
  const { state } = torrent
  if (state === 'checking' || state === 'queued') return false
  return !isWhole(torrent) || state === 'stopped' || state === 'downloading'
}
