import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { isWhole, type ClientTorrent, type TorrentClient } from '../../../core/publish/client.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { count } from '../../../text/quantity.js'
import {
  clientOption,
  clientTimeoutOption,
  openClients,
  type NamedClient,
} from '../../arguments/open-clients.js'
import { findNamedTorrent, maxTorrentSize } from '../../arguments/torrent-input.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportError, reportWarning, tryEach } from '../../output/messages.js'
import {
  failureKeys,
  listedLine,
  torrentKeys,
  withFailureLines,
} from '../../output/torrent-json.js'
import { shortHash, torrentTable } from '../../output/torrent-table.js'

/** Width of a table without a terminal, in characters. */
const PLAIN_WIDTH = 80

interface StatusOptions {
  readonly all?: true | undefined
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In bytes. */
  readonly maxTorrentSize: number
}

const EXAMPLES = `
Examples:
  btkit status --client scgi+unix:///run/rtorrent.sock
  btkit status --quiet /srv/torrents`

export function defineStatus({ io, finish }: CommandContext) {
  return new Command('status')
    .description('Show what clients seed, and which torrents are missing there or damaged.')
    .argument(
      '[torrent...]',
      'torrents, info hashes, or directories of torrents (default: all that btkit published)',
    )
    .addOption(clientOption())
    .addOption(clientTimeoutOption())
    .option('--all', 'show also torrents that btkit did not publish')
    .option('--json', 'print one line of JSON for each torrent')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      const wanted = new Map<string, string>()
      const context = { wanted: names.length > 0 ? wanted : null, options, io }
      const read = (torrent: string) => {
        const { infoHash } = findNamedTorrent(torrent, options.maxTorrentSize)
        wanted.set(infoHash, torrent)
        return Promise.resolve()
      }
      const torrents = names.flatMap(torrentsAt)
      const readable = await tryEach(torrents, io, withFailureLines(options.json, io, read))
      const sound = await tryEach(clients, io, (client) => showClient(client, context))
      finish(readable || sound)
    })
}

interface StatusContext {
  /** The given torrents by info hash; null if none was given and all are reported. */
  readonly wanted: ReadonlyMap<string, string> | null
  readonly options: StatusOptions
  readonly io: Io
}

async function showClient({ client }: NamedClient, context: StatusContext) {
  const { wanted, options, io } = context
  const { version, all } = await ask(client, context)
  const shown = all.filter(({ isMarked, infoHash }) => {
    return wanted?.has(infoHash) ?? (options.all || isMarked)
  })
  const isDue = ({ isMarked }: ClientTorrent) => wanted !== null || isMarked
  if (options.json) tell(client, { shown, isDue, absent: absentOf(wanted, all) }, context)
  else if (!options.quiet) {
    io.stdout.write(`${client.label}: ${escapeText(version)}, ${count(shown.length, 'torrent')}\n`)
    const lines = shown.length === 0 ? [] : torrentTable(shown, io.stdout.columns || PLAIN_WIDTH)
    for (const entry of lines) io.stdout.write(`${entry}\n`)
  }
  const queued = shown.filter(({ state }) => state === 'queued').length
  if (queued > 0) {
    const why = 'its limit of active torrents is reached'
    reportWarning(`${client.label}: ${count(queued, 'torrent')} not seeded now: ${why}`, io)
  }
  const problems = [
    ...absentOf(wanted, all).map(([, torrent]) => notThere(torrent)),
    ...shown.filter(isDue).flatMap((torrent) => problemOf(torrent) ?? []),
  ]
  for (const problem of problems) {
    reportError(new BtkitError('client', `${problem} (${client.label})`), io)
  }
  if (problems.length > 0) {
    throw new BtkitError(
      'client',
      `${client.label}: ${count(problems.length, 'torrent')} not seeded`,
    )
  }
}

/** Asks a client for its version and its torrents. A failure has a line of JSON. */
async function ask(client: TorrentClient, { options, io }: StatusContext) {
  try {
    return { version: await client.version(), all: await client.list() }
  } catch (error) {
    if (options.json && !io.signal.aborted) {
      const keys = { client: client.label, ...torrentKeys(null, null) }
      io.stdout.write(jsonLine({ ...keys, ...failureKeys(error) }))
    }
    throw error
  }
}

interface Told {
  readonly shown: readonly ClientTorrent[]
  /** Whether a torrent has to be seeded. */
  readonly isDue: (torrent: ClientTorrent) => boolean
  readonly absent: readonly Absent[]
}

/** Prints a line of JSON for each torrent, also for those that the client lacks. */
function tell({ label }: TorrentClient, { shown, isDue, absent }: Told, context: StatusContext) {
  const { wanted, io } = context
  for (const each of shown) {
    const problem = isDue(each) ? problemOf(each) : null
    const error = problem === null ? null : new BtkitError('client', problem)
    const torrent = wanted?.get(each.infoHash) ?? null
    io.stdout.write(listedLine({ client: label, torrent, ...each }, error))
  }
  for (const [infoHash, torrent] of absent) {
    const error = new BtkitError('not-found', notThere(torrent))
    const keys = { client: label, torrent, infoHash, state: 'absent' }
    io.stdout.write(jsonLine({ ...keys, ...failureKeys(error) }))
  }
}

type Absent = readonly [infoHash: string, torrent: string]

/** The given torrents that a client lacks. */
function absentOf(wanted: StatusContext['wanted'], list: readonly ClientTorrent[]): Absent[] {
  const there = new Set(list.map(({ infoHash }) => infoHash))
  return [...(wanted ?? [])].filter(([infoHash]) => !there.has(infoHash))
}

function notThere(torrent: string): string {
  return `${torrent}: not in the client`
}

/** Why a torrent is not seeded; null if it is, or may be soon. */
function problemOf(torrent: ClientTorrent): string | null {
  const { name, state, message } = torrent
  return isBroken(torrent) ? `${name} (${shortHash(torrent)}): ${message ?? state}` : null
}

/** Whether a torrent is not seeding. One that is being checked or queued may still become whole. */
function isBroken(torrent: ClientTorrent): boolean {
  const { state } = torrent
  if (state === 'checking' || state === 'queued') return false
  return !isWhole(torrent) || state === 'stopped' || state === 'downloading'
}

/** The torrent itself, or the torrents in a directory. */
function torrentsAt(name: string): string[] {
  if (!statIfThere(name)?.isDirectory()) return [name]
  const torrents = readdirSync(name).filter((entry) => entry.endsWith('.torrent'))
  return torrents.sort().map((entry) => join(name, entry))
}
