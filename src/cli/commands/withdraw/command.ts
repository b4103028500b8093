import { rmSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import type { TorrentClient } from '../../../core/publish/client.js'
import {
  planWithdrawal,
  withdrawTorrents,
  type WithdrawOutcome,
} from '../../../core/publish/withdraw.js'
import { BtkitError, callSystem } from '../../../errors.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { clientOption, clientTimeoutOption, openClients } from '../../arguments/open-clients.js'
import {
  findNamedTorrent,
  type NamedTorrent,
  maxTorrentSize,
} from '../../arguments/torrent-input.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportError, tryEach } from '../../output/messages.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit withdraw --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit withdraw --delete-torrent image.iso.torrent`

export function defineWithdraw({ io, finish }: CommandContext) {
  return new Command('withdraw')
    .description('Remove torrents that btkit published from a client. Data is never removed.')
    .argument('<torrent...>', 'torrents, or info hashes in hexadecimal')
    .addOption(clientOption())
    .addOption(clientTimeoutOption())
    .option('--delete-torrent', 'remove the named .torrent files, too')
    .option('--dry-run', 'show what would be withdrawn, and change nothing', false)
    .option('--json', 'print one line of JSON for each torrent and client')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      const torrents = names.map((name) => read(name, options.maxTorrentSize, io))
      const withdrawn = await tryEach(clients, io, ({ client }) => {
        return withdraw(torrents, { client, options, io })
      })
      const status = torrents.every(({ error }) => error === null) ? withdrawn : 1
      if (status === 0 && options.deleteTorrent && !options.dryRun)
        removeFiles(torrents.flatMap(({ file }) => file ?? []))
      finish(status)
    })
}

/** A torrent as it was named, or why it cannot be read. */
type Named = { readonly name: string } & (
  | (NamedTorrent & { readonly error: null })
  | { readonly infoHash: null; readonly file: null; readonly error: unknown }
)

function read(name: string, maxSize: number, io: Io): Named {
  try {
    return { name, ...findNamedTorrent(name, maxSize), error: null }
  } catch (error) {
    reportError(error, io)
    return { name, infoHash: null, file: null, error }
  }
}

interface Withdrawal {
  readonly client: TorrentClient
  readonly options: {
    readonly dryRun: boolean
    readonly json?: true | undefined
    readonly quiet?: true | undefined
  }
  readonly io: Io
}

/**
 * Withdraws torrents from a client, and reports each.
 * @throws BtkitError `client` if some are not btkit's, and the errors of withdrawTorrents
 */
async function withdraw(torrents: readonly Named[], run: Withdrawal): Promise<void> {
  const { client, options, io } = run
  const readable = torrents.filter(({ error }) => error === null)
  const outcomes = await outcomesOf(readable, run).catch((error: unknown) => {
    if (options.json && !io.signal.aborted) {
      for (const torrent of torrents)
        tell(torrent, { status: 'failed', error: torrent.error ?? error }, run)
    }
    throw error
  })
  const statuses = new Map(outcomes.map(({ infoHash, status }) => [infoHash, status]))
  for (const torrent of torrents)
    report(torrent, statuses.get(torrent.infoHash ?? '') ?? 'failed', run)
  const left = outcomes.filter(({ status }) => status === 'left').length
  if (left > 0) {
    throw new BtkitError('client', `${client.label}: ${left} of ${outcomes.length} not withdrawn`)
  }
}

function outcomesOf(torrents: readonly Named[], { client, options }: Withdrawal) {
  const act = options.dryRun ? planWithdrawal : withdrawTorrents
  return act(
    client,
    torrents.flatMap(({ infoHash }) => infoHash ?? []),
  )
}

function report(torrent: Named, status: Told['status'], run: Withdrawal): void {
  const { client, options, io } = run
  const { name } = torrent
  const why = 'was not added by btkit, so it stays in the client'
  const error =
    status === 'left'
      ? new BtkitError('client', `${name}: ${why} (${client.label})`)
      : torrent.error
  if (options.json) tell(torrent, { status, error }, run)
  else if (status === 'left') reportError(error, io)
  else if (status !== 'failed' && !options.quiet) {
    const verb = options.dryRun ? 'would be withdrawn' : 'withdrawn'
    const words = status === 'absent' ? 'was not in the client' : verb
    io.stdout.write(`${escapeText(`${name}: ${words} (${client.label})`)}\n`)
  }
}

interface Told {
  readonly status: WithdrawOutcome['status'] | 'failed'
  /** Null if the client does not have the torrent any more. */
  readonly error: unknown
}

/** Prints the line of JSON for a torrent and a client. */
function tell(
  { name, infoHash }: Named,
  { status, error }: Told,
  { client, options: { dryRun }, io }: Withdrawal,
): void {
  const result = { torrent: name, infoHash, client: client.label, status, dryRun }
  io.stdout.write(jsonLine({ ...result, ...failureKeys(error) }))
}

function removeFiles(files: readonly string[]): void {
  for (const file of files) {
    callSystem(file, () => {
      rmSync(file)
    })
  }
}
