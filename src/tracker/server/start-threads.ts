import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { BtkitError } from '../../errors.js'
import type { ForeignPeers } from '../answers/foreign-peers.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { failed } from '../page/page-answer.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import type { SharedSwarms } from '../swarms/open-swarms.js'
import type { Admitted } from './admitted.js'
import type { AssembledTracker } from './assemble.js'
import type { Listening } from './listen-everywhere.js'
import type { TrackerSettings } from './settings.js'
import { shareConnections } from './share-connections.js'
import type { FromThread, ThreadParts, ThreadTorrents, ToThread } from './thread-messages.js'

export interface StartThreadsParts {
  readonly settings: TrackerSettings
  readonly admitted: Admitted
  readonly figures: Float64Array
  readonly sharing: SharingRules
  readonly foreign: ForeignPeers | null
  readonly idSecret: Uint8Array
  readonly swarms: SharedSwarms
  readonly listening: Listening
  readonly tracker: Pick<AssembledTracker, 'answerPage'>
  /** See `ThreadParts`. */
  readonly clockStart: number
  /** Takes lines of the access log. */
  readonly write: (lines: string) => void
  readonly onError: (error: unknown) => void
}

/** Threads that answer beside this one. */
export interface Threads {
  /** Tells them what is allowed by now. */
  readonly refresh: () => void
  /** Tells them of peers that other trackers told of. */
  readonly share: (infoHash: string, peers: CompactPeers) => void
  /** Resolves when they have answered what was asked; they end with the process. */
  readonly stop: () => Promise<void>
  /** Rejects when one ends by itself. */
  readonly broken: Promise<never>
}

export const NO_THREADS: Threads = {
  refresh: () => undefined,
  share: () => undefined,
  stop: () => Promise.resolve(),
  broken: new Promise(() => undefined),
}

/** Milliseconds between looks whether what is allowed has changed. */
const LOOK_INTERVAL = 500

/**
 * Starts threads that answer on the sockets and from the swarms of this one. They ask this one for
 * pages.
 */
export async function startThreads(parts: StartThreadsParts): Promise<Threads> {
  const { settings, admitted, listening } = parts
  const connections = new Int32Array(new SharedArrayBuffer(4 * settings.workers))
  for (const server of listening.servers) shareConnections(server, connections, 0)
  let known = admitted.torrents.torrents
  const threads = await startAll(
    Array.from({ length: settings.workers - 1 }, (_, n) => {
      return startThread({ ...threadParts(parts), connections, thread: n + 1 }, parts)
    }),
  )
  const broken = whenOneEnds(threads)
  const tell = (message: ToThread) => {
    for (const thread of threads) thread.postMessage(message)
  }
  const look = () => {
    if (known === admitted.torrents.torrents) return
    known = admitted.torrents.torrents
    tell({ kind: 'torrents', torrents: threadTorrents(admitted) })
  }
  settings.tls?.onChange((pair) => {
    tell({ kind: 'tls', pair })
  })
  const timer = setInterval(look, LOOK_INTERVAL)
  const refresh = () => {
    look()
    tell({ kind: 'refresh' })
  }
  const stop = async () => {
    clearInterval(timer)
    const stopped = threads.map((thread) => Promise.race([heard(thread, 'stopped'), ended(thread)]))
    for (const thread of threads) thread.ref()
    tell({ kind: 'stop' })
    await Promise.all(stopped)
    for (const thread of threads) thread.unref()
  }
  const share: Threads['share'] = (infoHash, peers) => {
    tell({ kind: 'foreign', infoHash, peers })
  }
  return { refresh, share, stop, broken }
}

function threadParts(parts: StartThreadsParts): Omit<ThreadParts, 'connections' | 'thread'> {
  const { settings, admitted, figures, idSecret, swarms, listening, clockStart } = parts
  const { limits, answers, publicUrl, trustedProxies, logFormat, allowed } = settings
  const { allowedAddresses, bannedAddresses } = allowed
  return {
    ...{ swarms, limits, figures, idSecret, answers, publicUrl, trustedProxies, logFormat },
    clockStart,
    addresses: { allowedAddresses, bannedAddresses },
    descriptors: listening.descriptors(),
    tls: settings.tls?.pair ?? null,
    torrents: threadTorrents(admitted),
    sharing: parts.sharing,
    aggregation: settings.aggregation,
    hasForeign: parts.foreign !== null,
  }
}

/** Of each torrent only what announces are told. */
function threadTorrents({ torrents }: Admitted): ThreadTorrents {
  const verdicts = [...torrents.torrents].map(([infoHash, { failure, warning, trackers }]) => {
    return [infoHash, { failure, warning, isListed: trackers.length > 0 }] as const
  })
  return { isOpen: torrents.isOpen, isFed: torrents.isFed, torrents: new Map(verdicts) }
}

async function startThread(given: ThreadParts, parts: StartThreadsParts): Promise<Worker> {
  const thread = new Worker(new URL('./tracker-worker.js', import.meta.url), { workerData: given })
  const ready = heard(thread, 'ready')
  const ended = once(thread, 'exit').then(() => {
    throw new BtkitError('io', 'a thread that is to answer could not begin')
  })
  thread.on('message', (message: FromThread) => {
    if (message.kind === 'log') parts.write(message.lines)
    else if (message.kind === 'error') parts.onError(message.error)
    else if (message.kind === 'page') void answerPage(thread, message, parts)
  })
  thread.on('error', parts.onError)
  await Promise.race([ready, ended])
  ended.catch(() => undefined)
  // It ends with the process: ending it before would close the sockets of all
  thread.unref()
  return thread
}

/**
 * Resolves when all threads have begun, or ends them all.
 * @throws what kept the first from it
 */
async function startAll(starting: readonly Promise<Worker>[]): Promise<Worker[]> {
  try {
    return await Promise.all(starting)
  } catch (error) {
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.terminate()
    }
    throw error
  }
}

/** Rejects when a thread ends: that closes the sockets of all, and none can take its place. */
export function whenOneEnds(threads: readonly Worker[]): Promise<never> {
  const broken = Promise.race(threads.map((thread) => once(thread, 'exit'))).then(() => {
    throw new BtkitError('io', 'a thread that answers has ended, and the sockets with it')
  })
  // Whoever waits hears of it
  broken.catch(() => undefined)
  return broken
}

/** Resolves when a thread has ended, be it before: then it has no number any more. */
async function ended(thread: Worker): Promise<void> {
  if (thread.threadId !== -1) await once(thread, 'exit')
}

/** Resolves when a thread says so. */
function heard(thread: Worker, kind: FromThread['kind']): Promise<void> {
  return new Promise((resolve) => {
    thread.on('message', (message: FromThread) => {
      if (message.kind === kind) resolve()
    })
  })
}

/** Answers a thread that asks for a page, whatever becomes of that. */
async function answerPage(
  thread: Worker,
  { id, request }: FromThread & { readonly kind: 'page' },
  { tracker, onError }: StartThreadsParts,
): Promise<void> {
  const answer = await tracker.answerPage(request).catch((error: unknown) => {
    onError(error)
    return failed()
  })
  thread.postMessage({ kind: 'answer', id, answer } satisfies ToThread)
}
