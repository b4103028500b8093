import { failureOf } from '../../base/errors.js'
import { withHashContext } from '../open/engine.js'
import type { Io } from '../io.js'
import { ClientTarget } from '../../core/keep-seeded/client-target.js'
import { GivenRecord } from '../../core/keep-seeded/given.js'
import { waitingFor } from '../../core/publish/wait-for.js'
import { followTorrents, openDisplay } from '../output/torrent-display.js'
import type { ListedTorrent } from '../output/torrent-json.js'
import {
  clientPatience,
  type NamedClient,
  openClients,
  type SightOptions,
  syncClient,
} from '../open/clients.js'
import { ChangeNotes, type KeptTorrents, type OpenRun } from './keeper.js'

/** A run that lets clients seed. */
interface ClientRun extends KeptTorrents {
  readonly options: KeptTorrents['options'] &
    SightOptions & {
      readonly client: readonly string[]
      readonly checkHashes: boolean
    }
}

/** Milliseconds that a client may take to check data before the next one's turn. */
const WAIT_MS = 60_000

/** Milliseconds that a client may take to remove torrents at the end. */
const LAST_CALL_MS = 10_000

/**
 * Keeps clients seeding torrents until interrupted, and removes those again that they got. Returns the
 * exit status.
 */
export function seedInClients(given: ClientRun, io: Io): Promise<number> {
  const { options } = given
  const clients = openClients(options.client, io)
  return withHashContext({ ...options, quiet: true }, io, async (hashContext) => {
    const run = { ...given, hashContext, display: openDisplay(options, io) }
    const kept = clients.map((named) => keepInClient(named, run, io))
    const update = async () => {
      for (const each of kept) await each.update()
      return Infinity
    }
    const list = async () => (await Promise.all(kept.map((each) => each.list()))).flat()
    await followTorrents(run.display, options.parseDirInterval, io.signal, update, list)
    const targets = kept.map(({ target }) => target)
    return removeAll(targets, run, io)
  })
}

/** Keeps a client seeding. That it does not answer is reported once, and that it does again. */
function keepInClient(named: NamedClient, run: OpenRun<ClientRun>, io: Io) {
  const { options, keeping, hashContext, display } = run
  const { checkHashes } = options
  const sync = syncClient(named, options, waitingFor(WAIT_MS, io))
  const target = new ClientTarget(sync, new GivenRecord(), true)
  const rules = { hashContext, checkHashes, awaitsQuiet: false }
  const keeper = new ChangeNotes(display.report).keeperFor({ ...keeping, ...rules }, target)
  let isAway = false
  const update = async () => {
    const problem = await failureOf(() => keeper.update())
    if (problem && !isAway && !io.signal.aborted) display.report.fail(problem)
    if (problem === null && isAway) display.report.note(`${named.client.label}: answers again`)
    isAway = problem !== null
  }
  const list = async () => {
    const listed: ListedTorrent[] = []
    // The next update reports a failure
    await failureOf(async () => {
      for (const each of await target.listGiven())
        listed.push({ client: named.client.label, ...each })
    })
    return listed
  }
  return { target, update, list }
}

/** Removes the added torrents from the clients. Returns the exit status. */
async function removeAll(
  targets: readonly ClientTarget[],
  { options, display }: OpenRun<ClientRun>,
  io: Io,
): Promise<number> {
  const ending = new AbortController()
  const timer = setTimeout(() => {
    ending.abort()
  }, LAST_CALL_MS)
  const timeoutMs = Math.min(LAST_CALL_MS, clientPatience.ms)
  const clients = openClients(options.client, { ...io, signal: ending.signal }, timeoutMs)
  let status = 0
  for (const [i, { client }] of clients.entries()) {
    const problem = await failureOf(async () => targets[i]?.removeAll(client))
    if (!problem) continue
    display.report.fail(problem)
    status = 1
  }
  clearTimeout(timer)
  return status
}
