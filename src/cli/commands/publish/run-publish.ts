import { dirname, resolve } from 'node:path'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { clientInfoHash } from '../../../core/publish/client.js'
import { dataProblem } from '../../../core/publish/local-data.js'
import { remoteDirectory, type DataPrefix } from '../../../core/publish/data-prefix.js'
import type { PublishRequest } from '../../../core/publish/hand-over.js'
import { publishTorrents, type PublishOutcome } from '../../../core/publish/publish.js'
import { waitingFor } from '../../../core/publish/wait-for.js'
import { verifyTorrents } from '../../../core/verify/verify-torrents.js'
import { BtkitError } from '../../../errors.js'
import { jsonLine, escapeText } from '../../../text/escape.js'
import { syncClient, type NamedClient } from '../../arguments/open-clients.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import type { Io } from '../../io.js'
import { reportError } from '../../output/messages.js'
import { failureKeys } from '../../output/torrent-json.js'

/** The options of `publish` that say what to do. */
export interface PublishArguments {
  readonly data?: string | undefined
  readonly dataPrefix: readonly DataPrefix[]
  readonly trustDataPath?: true | undefined
  readonly checkHashes: boolean
  /** In milliseconds. */
  readonly wait: number
  readonly dryRun: boolean
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In bytes. */
  readonly maxTorrentSize: number
}

/** One run of the command. */
export interface PublishCommand {
  readonly torrents: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: PublishArguments
  readonly hashContext: HashContext
  readonly io: Io
}

/**
 * Checks the data of torrents, passes them to the clients, and reports each result. If a client
 * does not answer, the others still get theirs. Returns the exit status.
 * @throws BtkitError `interrupted`
 */
export async function runPublish(command: PublishCommand): Promise<number> {
  const { clients, options, io } = command
  const { requests, isWhole } = await checkData(command)
  if (requests.length === 0) return 1
  let status = isWhole ? 0 : 1
  for (const named of clients) {
    const { client } = named
    try {
      const sync = syncClient(named, options, waitingFor(options.wait, io))
      const outcomes = await publishTorrents(client, requests, { ...sync, dryRun: options.dryRun })
      for (const outcome of outcomes) report(outcome, client.label, command)
      if (outcomes.some(({ reason }) => reason !== null)) status = 1
    } catch (error) {
      if (io.signal.aborted || !(error instanceof BtkitError)) throw error
      reportError(error, io)
      for (const { torrent, metainfo } of requests) {
        tellFailure({ torrent, infoHash: clientInfoHash(metainfo), error }, [named], command)
      }
      status = 1
    }
  }
  return status
}

/** Returns the torrents whose data is complete on this machine, and reports the others. */
async function checkData(command: PublishCommand) {
  const { torrents, clients, options, hashContext, io } = command
  const directoryOf = (torrent: string) => resolve(io.cwd, options.data ?? dirname(torrent))
  const run = {
    places: torrents.map((torrent) => ({ torrent, path: directoryOf(torrent), byName: true })),
    checkHashes: options.checkHashes && !options.dryRun,
    extra: false,
    read: (torrent: string) => readTorrentInput(torrent, options.maxTorrentSize, io),
  }
  const requests: PublishRequest[] = []
  for await (const outcome of verifyTorrents(run, hashContext)) {
    const problem = dataProblem(outcome)
    if (problem) {
      const infoHash = outcome.error === null ? clientInfoHash(outcome.metainfo) : null
      reportError(problem, io)
      tellFailure({ torrent: outcome.torrent, infoHash, error: problem }, clients, command)
    } else if (outcome.error === null) {
      const { torrent, metainfo } = outcome
      const localDirectory = directoryOf(torrent)
      const directory = remoteDirectory(localDirectory, options.dataPrefix)
      requests.push({ torrent, metainfo, directory, localDirectory })
    }
  }
  return { requests, isWhole: requests.length === torrents.length }
}

function report(outcome: PublishOutcome, label: string, { options, io }: PublishCommand): void {
  const { torrent, infoHash, status, reason, code } = outcome
  const { json, quiet, dryRun } = options
  if (json) {
    const result = { torrent, infoHash, client: label, status, dryRun, reason }
    io.stdout.write(jsonLine({ ...result, error: reason, code }))
  } else if (reason !== null) reportError(new BtkitError('client', `${torrent}: ${reason}`), io)
  else if (!quiet) {
    const verb = dryRun ? 'would be published' : 'published'
    const words = status === 'already' ? 'is already there' : verb
    io.stdout.write(`${escapeText(`${torrent}: ${words} (${label})`)}\n`)
  }
}

interface Unpublished {
  readonly torrent: string
  readonly infoHash: string | null
  readonly error: unknown
}

/** Prints a line of JSON for each client that does not get a torrent. */
function tellFailure(
  { error: cause, ...torrent }: Unpublished,
  clients: readonly NamedClient[],
  { options: { json, dryRun }, io }: PublishCommand,
): void {
  if (!json) return
  const { error, code } = failureKeys(cause)
  for (const { client } of clients) {
    const result = { ...torrent, client: client.label, status: 'failed', dryRun, reason: error }
    io.stdout.write(jsonLine({ ...result, error, code }))
  }
}
