import { rmSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import { withdrawTorrents, type WithdrawOutcome } from '../../../core/publish/withdraw.js'
import { asBtkitError, BtkitError } from '../../../errors.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { clientOption, clientTimeoutOption } from '../../arguments/client-options.js'
import { openClients } from '../../arguments/open-clients.js'
import { findNamedTorrent } from '../../arguments/info-hash.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportError, tryEach } from '../../output/messages.js'

const EXAMPLES = `
Examples:
  btkit withdraw --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit withdraw --delete-torrent image.iso.torrent`

/** Defines the command `withdraw`. */
export function defineWithdraw({ io, finish }: CommandContext) {
  return new Command('withdraw')
    .description('Remove torrents that btkit published from a client. Data is never removed.')
    .argument('<torrent...>', 'torrents, or info hashes in hexadecimal')
    .addOption(clientOption())
    .addOption(clientTimeoutOption())
    .option('--delete-torrent', 'remove the named .torrent files, too')
    .option('--json', 'print one line of JSON for each torrent and client')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      const torrents = names.map((name) => findNamedTorrent(name, options.maxTorrentSize))
      const infoHashes = torrents.map(({ infoHash }) => infoHash)
      const status = await tryEach(clients, io, async ({ client }) => {
        const outcomes = await withdrawTorrents(client, infoHashes)
        outcomes.forEach((outcome, i) => {
          report(outcome, { name: names[i] ?? '', label: client.label, options, io })
        })
        requireOwn(outcomes, client.label)
      })
      if (status === 0 && options.deleteTorrent)
        removeFiles(torrents.flatMap(({ file }) => file ?? []))
      finish(status)
    })
}

interface ReportContext {
  readonly name: string
  readonly label: string
  readonly options: { readonly json?: true | undefined; readonly quiet?: true | undefined }
  readonly io: Io
}

function report(
  { infoHash, status }: WithdrawOutcome,
  { name, label, options, io }: ReportContext,
) {
  if (options.json) {
    io.stdout.write(jsonLine({ torrent: name, infoHash, client: label, status }))
  } else if (status === 'left') {
    const why = 'was not added by btkit, so it stays in the client'
    reportError(new BtkitError('client', `${name}: ${why} (${label})`), io)
  } else if (!options.quiet) {
    const words = status === 'absent' ? 'was not in the client' : 'withdrawn'
    io.stdout.write(`${escapeText(`${name}: ${words} (${label})`)}\n`)
  }
}

function requireOwn(outcomes: readonly WithdrawOutcome[], label: string): void {
  const left = outcomes.filter(({ status }) => status === 'left').length
  if (left > 0)
    throw new BtkitError('client', `${label}: ${left} of ${outcomes.length} not withdrawn`)
}

function removeFiles(files: readonly string[]): void {
  for (const file of files) {
    try {
      rmSync(file)
    } catch (error) {
      throw asBtkitError(error, file)
    }
  }
}
