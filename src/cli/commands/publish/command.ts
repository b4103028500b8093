import { OFF } from '../../options/option.js'
import { Command } from '../../acting-command.js'
import { CLIENT, DATA_PREFIX, TRUST_DATA_PATH } from '../../options/clients.js'
import { openClients, syncClient, type NamedClient } from '../../open/clients.js'
import { declareCacheOptions, DATA, FOLLOW_SYMLINKS } from '../../options/reading.js'
import { withHashContext } from '../../open/engine.js'
import { listTorrents, readTorrentInput } from '../../open/torrent-input.js'
import { secondsOr } from '../../options/values.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { dirname, resolve } from 'node:path'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { clientInfoHash } from '../../../core/publish/client.js'
import { dataProblem, remoteDirectory } from '../../../core/publish/local-data.js'
import type { PublishRequest } from '../../../core/publish/hand-over.js'
import { publishTorrents, type PublishOutcome } from '../../../core/publish/publish.js'
import { GivenRecord } from '../../../core/keep-seeded/given.js'
import { openPublished } from '../../../core/keep-seeded/sync.js'
import { stateDirectory } from '../../../base/directories.js'
import { waitingFor } from '../../../core/publish/wait-for.js'
import { verifyTorrents, type VerifiedTorrent } from '../../../core/verify/verify-torrents.js'
import { BtkitError, valueOr } from '../../../base/errors.js'
import type { Io } from '../../io.js'
import { withDataAdvice } from '../../output/data-advice.js'
import { Report } from '../../output/report.js'
import { count } from '../../../base/text/quantity.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit publish --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit publish --client transmission+http://host --data /srv/files *.torrent`

export const command: CommandRecord = {
  group: 'Serve and seed',
  order: 40,
  summary: 'Let a client seed them; after each run: completedir --publish',
  example: 'image.iso.torrent --client transmission+http://127.0.0.1',
  isJob: true,
  basics: 'client data data-prefix adopt check-wait dry-run json quiet',
  define: definePublish,
}

function definePublish({ io, finish }: CommandContext) {
  return declarePublish().action(async (torrents, options) => {
    const clients = openClients(options.client, io)
    const status = await withHashContext(options, io, (hashContext) => {
      const out = new Report(options, io)
      return runPublish({ operands: torrents, clients, options, hashContext, out, io })
    })
    finish(status)
  })
}

function declarePublish() {
  const command = new Command('publish', { takes: 'torrent' })
    .description('Add torrents to a client, which seeds them without checking the data again.')
    .argument('<torrent...>', 'torrents, or directories of them')
    .optionsGroup('Client:')
    .opt(...CLIENT)
    .opt(
      '--category <name>',
      `add them in this category of qBittorrent, or label of Transmission. It is none by default.
        btkit knows its torrents by a tag or label of its own, so categories may be changed in the
        client. The other clients have no place for a category, and are refused.`,
    )
    .opt(
      '--check-wait <seconds>',
      'wait this long while the client looks at the data',
      secondsOr(60),
    )
    .optionsGroup('Data:')
    .opt(...DATA)
    .opt(...DATA_PREFIX)
    .opt(...TRUST_DATA_PATH)
    .opt(
      '--adopt',
      `adopt torrents that the client seeds already, with this data. The directory of the client
        must be that of the data. Nothing is added or hashed again. Deluge's label and rtorrent's
        *custom1* are replaced.`,
      OFF,
    )
    .opt(
      '--no-check-hashes',
      'check only the sizes of files (default: hash files that the cache does not know)',
    )
    .opt(...FOLLOW_SYMLINKS)
  return declareCacheOptions(command)
    .optionsGroup('Report:')
    .opt(
      '--dry-run',
      `show what would be published; hash nothing, and change no client. The clients are asked for
        their torrents and whether they see the data.`,
      OFF,
    )
    .opt(
      '--json',
      `print one JSON object a line for each torrent and client. It has *torrent*, *infoHash*,
        *client*, *status* ('published', 'already', 'adopted', 'checking' or 'failed'), *dryRun*,
        *error* and *code*. *reason* is the older name of *error*.`,
    )
    .opt('-q, --quiet', 'print nothing unless something is wrong')
    .addHelpText('after', EXAMPLES)
}

type PublishOptions = ReturnType<ReturnType<typeof declarePublish>['opts']>

/** One run of the command. */
interface PublishCommand {
  readonly operands: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: PublishOptions
  readonly hashContext: HashContext
  readonly out: Report
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
  { options, out, io }: PublishCommand,
): Promise<Outcome[]> {
  if (requests.length === 0) return []
  const { dryRun } = options
  try {
    const sync = syncClient(named, options, waitingFor(options.checkWait, io))
    let hasTold = out.isJson
    const onChecking = (torrents: number) => {
      if (hasTold) return
      hasTold = true
      const what = `checks the data of ${count(torrents, 'torrent')}`
      out.note(`${named.client.label}: ${what}; waiting up to ${options.checkWait / 1000} s`)
    }
    const record = dryRun ? new GivenRecord() : recordFor(named.client, out, io)
    const given = requests.map((request) => {
      return { ...request, settings: record.settings.get(clientInfoHash(request.metainfo)) }
    })
    const outcomes = await publishTorrents(named.client, given, {
      ...sync,
      dryRun,
      onChecking,
      adopts: options.adopt,
      category: options.category,
      begun: record.begun,
      onHandOver: (fresh) => {
        return record.begin(
          fresh.map(({ metainfo, settings }) => {
            const infoHash = clientInfoHash(metainfo)
            return { torrent: infoHash, infoHash, settings }
          }),
        )
      },
    })
    for (const { infoHash, reason } of outcomes) {
      if (reason === null && record.settings.has(infoHash)) record.settle(infoHash, null)
    }
    await record.flush()
    return outcomes
  } catch (error) {
    if (io.signal.aborted || !(error instanceof BtkitError)) throw error
    out.fail(error)
    return requests.map(({ torrent, metainfo }) => failed(torrent, clientInfoHash(metainfo), error))
  }
}

/** The torrents that were given to a client, by info hash; in memory without a place for state. */
function recordFor(client: NamedClient['client'], { alert: warn }: Report, io: Io): GivenRecord {
  const { env, isRoot, now } = io
  const directory = valueOr(null, () => stateDirectory({ option: undefined, env, isRoot }))
  return directory === null
    ? new GivenRecord()
    : openPublished('', client, { directory, now, warn })
}

/** Returns each torrent whose data is complete on this machine. Reports the others. */
async function checkData(command: PublishCommand): Promise<(PublishRequest | Outcome)[]> {
  const { operands, options, hashContext, out, io } = command
  const { files, refused } = await listTorrents(operands, io)
  const directoryOf = (torrent: string) => resolve(io.cwd, options.data ?? dirname(torrent))
  const run = {
    places: files.map((torrent) => ({ torrent, path: directoryOf(torrent), byName: true })),
    checkHashes: options.checkHashes && !options.dryRun,
    extra: false,
    followSymlinks: options.followSymlinks,
    read: (torrent: string) => readTorrentInput(torrent, io),
  }
  const checked: (PublishRequest | Outcome)[] = []
  for (const { file, error } of refused) {
    out.fail(error)
    checked.push(failed(file, null, error))
  }
  for await (const outcome of verifyTorrents(run, hashContext)) {
    const problem = outcome.error ?? dataProblemOf(outcome)
    if (problem) {
      const infoHash = outcome.error === null ? clientInfoHash(outcome.metainfo) : null
      out.fail(problem)
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

/** Why the data of a torrent cannot be seeded, and what helps; null if it can. */
function dataProblemOf({ torrent, metainfo, report }: VerifiedTorrent): Error | null {
  const problem = dataProblem(metainfo, report)
  return problem && withDataAdvice(problem.of(torrent), { torrent, problem, takesData: true })
}

function report(outcome: Outcome, client: string, { options, out }: PublishCommand): void {
  const { torrent, infoHash, status, reason, code, isTold = false } = outcome
  const { dryRun } = options
  const verb = dryRun ? 'would be published' : 'published'
  const words = status === 'already' ? 'is already there' : status === 'adopted' ? 'adopted' : verb
  if (reason !== null && !isTold && !out.isJson)
    out.fail(new BtkitError('client', `${torrent}: ${reason}`))
  out.line(
    { torrent, infoHash, client, status, dryRun, reason, error: reason, code },
    reason === null ? [`${torrent}: ${words} (${client})`] : [],
  )
}
