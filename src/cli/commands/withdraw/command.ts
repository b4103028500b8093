import { rmSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import type { TorrentClient } from '../../../core/publish/client.js'
import { withdrawTorrents, type WithdrawOutcome } from '../../../core/publish/withdraw.js'
import { BtkitError, callSystem } from '../../../errors.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { clientOption, clientTimeoutOption } from '../../options/clients.js'
import { openClients } from '../../open/clients.js'
import { findNamedTorrent, type NamedTorrent } from '../../open/torrent-input.js'
import { maxTorrentSize } from '../../options/reading.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { reportError, tryEach } from '../../output/messages.js'
import type { DisplayOptions } from '../../output/torrent-display.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit withdraw --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit withdraw --delete-torrent image.iso.torrent`

export const command: CommandRecord = {
  group: 'Seed and download',
  order: 30,
  summary: 'Remove published torrents from a client',
  example: 'image.iso.torrent --client transmission+http://127.0.0.1',
  define: defineWithdraw,
}

function defineWithdraw({ io, finish }: CommandContext) {
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

/** The client to withdraw from, and how to report. */
interface Withdrawal {
  readonly client: TorrentClient
  readonly options: DisplayOptions & { readonly dryRun: boolean }
  readonly io: Io
}

/**
 * Withdraws torrents from a client, and reports each.
 * @throws BtkitError `client` if some are not btkit's, and the errors of withdrawTorrents
 */
async function withdraw(torrents: readonly Named[], run: Withdrawal): Promise<void> {
  const { client, options, io } = run
  const { dryRun } = options
  const infoHashes = torrents.flatMap(({ infoHash }) => infoHash ?? [])
  const outcomes = await withdrawTorrents(client, infoHashes, { dryRun }).catch(
    (error: unknown) => {
      const isTold = options.json && !io.signal.aborted
      for (const torrent of isTold ? torrents : [])
        report({ ...torrent, error: torrent.error ?? error }, 'failed', run)
      throw error
    },
  )
  const statuses = new Map(outcomes.map(({ infoHash, status }) => [infoHash, status]))
  for (const torrent of torrents)
    report(torrent, (torrent.infoHash && statuses.get(torrent.infoHash)) ?? 'failed', run)
  const left = outcomes.filter(({ status }) => status === 'left').length
  if (left > 0) {
    throw new BtkitError('client', `${client.label}: ${left} of ${outcomes.length} not withdrawn`)
  }
}

function report(
  { name, infoHash, error: failure }: Pick<Named, 'name' | 'infoHash' | 'error'>,
  status: WithdrawOutcome['status'] | 'failed',
  { client: { label }, options: { dryRun, json, quiet }, io }: Withdrawal,
): void {
  const why = 'was not added by btkit, so it stays in the client'
  const isLeft = status === 'left'
  const error = isLeft ? new BtkitError('client', `${name}: ${why} (${label})`) : failure
  if (json) {
    const result = { torrent: name, infoHash, client: label, status, dryRun }
    io.stdout.write(jsonLine({ ...result, ...failureKeys(error) }))
  } else if (isLeft) reportError(error, io)
  else if (status !== 'failed' && !quiet) {
    const verb = dryRun ? 'would be withdrawn' : 'withdrawn'
    const words = status === 'absent' ? 'was not in the client' : verb
    io.stdout.write(`${escapeText(`${name}: ${words} (${label})`)}\n`)
  }
}

/**
 * Removes files, each once. One that stays does not keep the others.
 * @throws BtkitError about the first that stays
 */
function removeFiles(files: readonly string[]): void {
  const failures: unknown[] = []
  for (const file of new Set(files)) {
    try {
      callSystem(file, () => {
        rmSync(file)
      })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
