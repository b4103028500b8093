import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { isWhole, type ClientTorrent } from '../../../core/publish/client.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { jsonLine } from '../../../text/escape.js'
import { count } from '../../../text/quantity.js'
import { clientOption, clientTimeoutOption } from '../../arguments/client-options.js'
import { openClients, type NamedClient } from '../../arguments/open-clients.js'
import { findNamedTorrent } from '../../arguments/info-hash.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportError, reportWarning, tryEach } from '../../output/messages.js'
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

/** Defines the command `status`. */
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
      const readable = await tryEach(names.flatMap(torrentsAt), io, (torrent) => {
        const { infoHash } = findNamedTorrent(torrent, options.maxTorrentSize)
        wanted.set(infoHash, torrent)
        return Promise.resolve()
      })
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

async function showClient({ client }: NamedClient, { wanted, options, io }: StatusContext) {
  const version = await client.version()
  const all = await client.list()
  const shown = all.filter(({ isMarked, infoHash }) => {
    return wanted?.has(infoHash) ?? (options.all || isMarked)
  })
  if (options.json) {
    for (const torrent of shown) io.stdout.write(jsonLine({ client: client.label, ...torrent }))
  } else if (!options.quiet) {
    io.stdout.write(`${client.label}: ${version}, ${count(shown.length, 'torrent')}\n`)
    const lines = shown.length === 0 ? [] : torrentTable(shown, io.stdout.columns || PLAIN_WIDTH)
    for (const entry of lines) io.stdout.write(`${entry}\n`)
  }
  const queued = shown.filter(({ state }) => state === 'queued').length
  if (queued > 0) {
    const why = 'its limit of active torrents is reached'
    reportWarning(`${client.label}: ${count(queued, 'torrent')} not seeded now: ${why}`, io)
  }
  const due = shown.filter(({ isMarked }) => wanted !== null || isMarked)
  const problems = [...missing(wanted ?? new Map(), all), ...broken(due)]
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

function missing(wanted: ReadonlyMap<string, string>, list: readonly ClientTorrent[]): string[] {
  const there = new Set(list.map(({ infoHash }) => infoHash))
  const absent = [...wanted].filter(([infoHash]) => !there.has(infoHash))
  return absent.map(([, torrent]) => `${torrent}: not in the client`)
}

function broken(list: readonly ClientTorrent[]): string[] {
  return list.filter(isBroken).map((torrent) => {
    const { name, state, message } = torrent
    return `${name} (${shortHash(torrent)}): ${message ?? state}`
  })
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
