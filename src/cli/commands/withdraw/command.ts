import { OFF } from '../../options/option.js'
import { removeFile } from '../../../base/directories.js'
import { Command } from '../../acting-command.js'
import type { TorrentClient } from '../../../core/publish/client.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { withdrawTorrents, type WithdrawOutcome } from '../../../core/publish/withdraw.js'
import { BtkitError } from '../../../base/errors.js'
import { CLIENT } from '../../options/clients.js'
import { openClients } from '../../open/clients.js'
import { findNamedTorrent, listTorrents } from '../../open/torrent-input.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit withdraw --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit withdraw --delete-torrent image.iso.torrent`

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 50,
  summary: 'Remove published torrents from a client',
  example: 'image.iso.torrent --client transmission+http://127.0.0.1',
  define: defineWithdraw,
}

function defineWithdraw({ io, finish }: CommandContext) {
  return new Command('withdraw', { takes: 'torrent' })
    .description('Remove torrents that btkit published from a client. Data is never removed.')
    .argument('<torrent...>', 'torrents, directories of them, or info hashes in hexadecimal')
    .opt(...CLIENT)
    .opt('--delete-torrent', 'remove the named .torrent files, too, once they are withdrawn')
    .opt(
      '--dry-run',
      `show what would be withdrawn, and change nothing. The clients are asked for their torrents.`,
      OFF,
    )
    .opt(
      '--json',
      `print one JSON object a line for each torrent and client. It has *torrent*, *infoHash*,
        *client*, *status* ('withdrawn', 'absent', 'left' or 'failed'), *dryRun*, *error* and
        *code*.`,
    )
    .opt('-q, --quiet', 'print nothing unless something is wrong')
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      const clients = openClients(options.client, io)
      const out = new Report(options, io)
      const { files, refused } = await listTorrents(names, io)
      const torrents: Named[] = files.map((name) => read(name, out))
      for (const { file, error } of refused) {
        out.fail(error)
        torrents.push({ name: file, infoHash: null, file: null, error })
      }
      const withdrawn = await out.each(clients, ({ client }) => {
        return withdraw(torrents, { client, dryRun: options.dryRun, out })
      })
      const status = torrents.every(({ error }) => error === null) ? withdrawn : 1
      if (status === 0 && options.deleteTorrent && !options.dryRun)
        removeFiles(torrents.flatMap(({ file }) => file ?? []))
      finish(status)
    })
}

/** A torrent as it was named, or why it cannot be read. */
interface Named {
  readonly name: string
  readonly infoHash: InfoHash | null
  readonly file: string | null
  readonly error: unknown
}

function read(name: string, { fail }: Report): Named {
  try {
    return { name, ...findNamedTorrent(name), error: null }
  } catch (error) {
    fail(error)
    return { name, infoHash: null, file: null, error }
  }
}

/** The client to withdraw from, and how to report. */
interface Withdrawal {
  readonly client: TorrentClient
  readonly dryRun: boolean
  readonly out: Report
}

/**
 * Withdraws torrents from a client, and reports each.
 * @throws BtkitError `client` if some are not btkit's, and the errors of withdrawTorrents
 */
async function withdraw(torrents: readonly Named[], run: Withdrawal): Promise<void> {
  const { client, dryRun, out } = run
  const infoHashes = torrents.flatMap(({ infoHash }) => infoHash ?? [])
  const outcomes = await out.attempt(
    () => withdrawTorrents(client, infoHashes, { dryRun }),
    (error) =>
      torrents.map((each) => valueOf({ ...each, error: each.error ?? error }, 'failed', run)),
  )
  const statuses = new Map(outcomes.map(({ infoHash, status }) => [infoHash, status]))
  for (const torrent of torrents)
    report(torrent, (torrent.infoHash && statuses.get(torrent.infoHash)) ?? 'failed', run)
  const left = outcomes.filter(({ status }) => status === 'left').length
  if (left > 0) {
    throw new BtkitError('client', `${client.label}: ${left} of ${outcomes.length} not withdrawn`)
  }
}

type Told = Pick<Named, 'name' | 'infoHash' | 'error'>
type Status = WithdrawOutcome['status'] | 'failed'

/** A torrent for programs. */
function valueOf({ name, infoHash, error }: Told, status: Status, run: Withdrawal): object {
  const { client, dryRun } = run
  return { torrent: name, infoHash, client: client.label, status, dryRun, ...failureKeys(error) }
}

function report(torrent: Told, status: Status, run: Withdrawal): void {
  const { client, dryRun, out } = run
  const { name } = torrent
  const why = 'was not added by btkit, so it stays in the client'
  const isLeft = status === 'left'
  const left = new BtkitError('client', `${name}: ${why} (${client.label})`)
  if (isLeft && !out.isJson) out.fail(left)
  const verb = dryRun ? 'would be withdrawn' : 'withdrawn'
  const words = status === 'absent' ? 'was not in the client' : verb
  out.line(
    valueOf(isLeft ? { ...torrent, error: left } : torrent, status, run),
    isLeft || status === 'failed' ? [] : [`${name}: ${words} (${client.label})`],
  )
}

/**
 * Removes files, each once. One that stays does not keep the others.
 * @throws BtkitError about the first that stays
 */
function removeFiles(files: readonly string[]): void {
  const failures: unknown[] = []
  for (const file of new Set(files)) {
    try {
      removeFile(file)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
