import { Command, Option } from '@commander-js/extra-typings'
import { closeCache, openCacheAccess } from '../../arguments/cache-options.js'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
  openClients,
  syncClient,
  type NamedClient,
} from '../../arguments/open-clients.js'
import { engineFor, declareReadingOptions } from '../../arguments/reading-options.js'
import { maxTorrentSize, readTorrentInput } from '../../arguments/torrent-input.js'
import { seconds } from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import { dirname, resolve } from 'node:path'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { clientInfoHash } from '../../../core/publish/client.js'
import { dataProblem, remoteDirectory, type DataPrefix } from '../../../core/publish/local-data.js'
import type { PublishRequest } from '../../../core/publish/hand-over.js'
import { publishTorrents, type PublishOutcome } from '../../../core/publish/publish.js'
import { waitingFor } from '../../../core/publish/wait-for.js'
import { verifyTorrents } from '../../../core/verify/verify-torrents.js'
import { BtkitError } from '../../../errors.js'
import { jsonLine, escapeText } from '../../../text/escape.js'
import type { Io } from '../../io.js'
import { reportError } from '../../output/messages.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit publish --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit publish --client transmission+http://host --data /srv/files *.torrent`

export function definePublish({ io, finish }: CommandContext) {
  const command = new Command('publish')
    .description('Have a client seed torrents whose data is complete, without hashing it again.')
    .argument('<torrent...>', 'torrents')
    .optionsGroup('Client:')
    .addOption(clientOption())
    .addOption(clientTimeoutOption())
    .addOption(
      new Option('--wait <seconds>', 'wait this long while a client checks the data')
        .argParser(seconds)
        .default(60_000, '60'),
    )
    .optionsGroup('Data:')
    .option(
      '--data <directory>',
      'find the content in this directory (default: beside each torrent)',
    )
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .option('--no-check-hashes', 'check only sizes; hash nothing')
    .option('--follow-symlinks', 'follow links that lead outside, too', false)
  return declareReadingOptions(command)
    .optionsGroup('Report:')
    .option('--dry-run', 'show what would be published; hash nothing, and change no client', false)
    .option('--json', 'print one line of JSON for each torrent and client')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      const engine = engineFor(options, io)
      const cacheAccess = await openCacheAccess(options, io)
      try {
        const hashContext = { engine, cacheAccess }
        finish(await runPublish({ torrents, clients, options, hashContext, io }))
      } finally {
        await closeCache(cacheAccess, io)
      }
    })
}

/** The options of `publish` that say what to do. */
interface PublishArguments {
  readonly data?: string | undefined
  readonly dataPrefix: readonly DataPrefix[]
  readonly trustDataPath?: true | undefined
  readonly checkHashes: boolean
  readonly followSymlinks: boolean
  /** In milliseconds. */
  readonly wait: number
  readonly dryRun: boolean
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In bytes. */
  readonly maxTorrentSize: number
}

/** One run of the command. */
interface PublishCommand {
  readonly torrents: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: PublishArguments
  readonly hashContext: HashContext
  readonly io: Io
}

/** The outcome for a torrent and a client. */
interface Outcome extends Omit<PublishOutcome, 'infoHash' | 'code'> {
  /** Null if the torrent cannot be read. */
  readonly infoHash: string | null
  readonly code: ReturnType<typeof failureKeys>['code']
  /** Whether the reason is on standard error already. */
  readonly isTold?: boolean
}

function failed(torrent: string, infoHash: string | null, cause: unknown): Outcome {
  const { error, code } = failureKeys(cause)
  return { torrent, infoHash, status: 'failed', reason: error, code, isTold: true }
}

/**
 * Checks the data of torrents, passes them to the clients, and reports each result. If a client
 * does not answer, the others still get theirs. Returns the exit status.
 * @throws BtkitError `interrupted`
 */
async function runPublish(command: PublishCommand): Promise<number> {
  const checked = await checkData(command)
  const requests = checked.filter((each) => 'metainfo' in each)
  let status = 0
  for (const named of command.clients) {
    const published = (await publishTo(named, requests, command)).values()
    const outcomes = checked.map((each) => ('metainfo' in each ? published.next().value : each))
    for (const outcome of outcomes.filter((each) => each !== undefined)) {
      report(outcome, named.client.label, command)
      if (outcome.reason !== null) status = 1
    }
  }
  return status
}

/** Passes torrents to a client. Returns an outcome for each, in order. */
async function publishTo(
  named: NamedClient,
  requests: readonly PublishRequest[],
  { options, io }: PublishCommand,
): Promise<Outcome[]> {
  if (requests.length === 0) return []
  const { dryRun } = options
  try {
    const sync = syncClient(named, options, waitingFor(options.wait, io))
    return await publishTorrents(named.client, requests, { ...sync, dryRun })
  } catch (error) {
    if (io.signal.aborted || !(error instanceof BtkitError)) throw error
    reportError(error, io)
    return requests.map(({ torrent, metainfo }) => failed(torrent, clientInfoHash(metainfo), error))
  }
}

/** Returns each torrent whose data is complete on this machine. Reports the others. */
async function checkData(command: PublishCommand): Promise<(PublishRequest | Outcome)[]> {
  const { torrents, options, hashContext, io } = command
  const directoryOf = (torrent: string) => resolve(io.cwd, options.data ?? dirname(torrent))
  const run = {
    places: torrents.map((torrent) => ({ torrent, path: directoryOf(torrent), byName: true })),
    checkHashes: options.checkHashes && !options.dryRun,
    extra: false,
    followSymlinks: options.followSymlinks,
    read: (torrent: string) => readTorrentInput(torrent, options.maxTorrentSize, io),
  }
  const checked: (PublishRequest | Outcome)[] = []
  for await (const outcome of verifyTorrents(run, hashContext)) {
    const problem = dataProblem(outcome)
    if (problem) {
      const infoHash = outcome.error === null ? clientInfoHash(outcome.metainfo) : null
      reportError(problem, io)
      checked.push(failed(outcome.torrent, infoHash, problem))
    } else if (outcome.error === null) {
      const { torrent, metainfo } = outcome
      const localDirectory = directoryOf(torrent)
      const directory = remoteDirectory(localDirectory, options.dataPrefix)
      checked.push({ torrent, metainfo, directory, localDirectory })
    }
  }
  return checked
}

function report(outcome: Outcome, label: string, { options, io }: PublishCommand): void {
  const { torrent, infoHash, status, reason, code, isTold = false } = outcome
  const { json, quiet, dryRun } = options
  if (json) {
    const result = { torrent, infoHash, client: label, status, dryRun, reason }
    io.stdout.write(jsonLine({ ...result, error: reason, code }))
  } else if (reason !== null) {
    if (!isTold) reportError(new BtkitError('client', `${torrent}: ${reason}`), io)
  } else if (!quiet) {
    const verb = dryRun ? 'would be published' : 'published'
    const words = status === 'already' ? 'is already there' : verb
    io.stdout.write(`${escapeText(`${torrent}: ${words} (${label})`)}\n`)
  }
}
