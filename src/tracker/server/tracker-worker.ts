// A thread that answers on the sockets and from the swarms of another, which it asks for pages.
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { monotonicNow } from '../../monotonic.js'
import { AccessLog } from '../../web/access-log.js'
import { connectionLimiter } from '../../web/limit-connections.js'
import { maxDescriptors } from '../../web/max-descriptors.js'
import { TlsKeys } from '../../web/tls/tls-keys.js'
import { ClientAddresses } from '../../web/client-address.js'
import { AddressRules } from '../allowed/address-rules.js'
import { ForeignPeers } from '../answers/foreign-peers.js'
import { openShared } from '../swarms/open-swarms.js'
import { answerOnDescriptor } from '../udp/udp-server.js'
import { assembleAnswering } from './answering.js'
import { connectionLimitsOf } from './connection-limit.js'
import { ForwardedPages } from './forwarded-pages.js'
import { makeHttpServer } from './http-listener.js'
import { shareConnections } from './share-connections.js'
import { storeClock } from './clocks.js'
import type { FromThread, ThreadParts, ToThread } from './thread-messages.js'
import { TrackerFigures } from './tracker-figures.js'

/** Milliseconds that requests under way may take to end. */
const GRACE = 3000

const parts = workerData as ThreadParts
const monotonic = () => monotonicNow() - parts.clockStart
const tell = (message: FromThread) => parentPort?.postMessage(message)
const onError = (error: unknown) => {
  tell({ kind: 'error', error })
}
// A thread that ends would close the sockets of all
process.on('uncaughtException', onError)

let torrents = parts.torrents
const { allowedAddresses, bannedAddresses } = parts.addresses
const addresses = new AddressRules({
  allowedFile: allowedAddresses,
  bannedFile: bannedAddresses,
  // The thread that started this one reads the same files, and says what is wrong
  report: () => undefined,
})
await addresses.refresh()

const figures = new TrackerFigures(parts.figures, parts.thread)
const clock = storeClock(monotonic)
const store = openShared(parts.swarms, { limits: parts.limits, now: clock, randomBytes })
const current = {
  get isOpen() {
    return torrents.isOpen
  },
  get isFed() {
    return torrents.isFed
  },
  get torrents() {
    return torrents.torrents
  },
}
const foreign = parts.hasForeign ? new ForeignPeers(monotonic) : null
const clientAddresses = new ClientAddresses(parts.trustedProxies)
const log = openLog()
const pages = new ForwardedPages((id, request) => tell({ kind: 'page', id, request }))
const { handler, onRefused, udp } = assembleAnswering({
  store,
  settings: parts.answers,
  torrents: current,
  addresses,
  figures,
  idSecret: parts.idSecret,
  sharing: parts.sharing,
  aggregation: parts.aggregation,
  isListed: (infoHash) => torrents.torrents.get(infoHash)?.isListed ?? false,
  foreign,
  answerPage: pages.answer,
  publicUrl: parts.publicUrl,
  log,
  addressOf: (request) => clientAddresses.of(request),
  now: Date.now,
  monotonic,
  onError,
})

const connectionLimits = connectionLimitsOf(clientAddresses, {
  threads: parts.connections.length,
  maxDescriptors: maxDescriptors(),
})
const { keyOf } = connectionLimits
const limitConnections = connectionLimiter(connectionLimits)
const tls = parts.tls && new TlsKeys(parts.tls)
const servers = parts.descriptors.http.map(({ fd, isSecure }) => {
  const given = { handler, onRefused, keyOf, limitConnections, onError }
  const server = makeHttpServer({ ...given, tls: isSecure ? tls : null })
  shareConnections(server, parts.connections, parts.thread)
  server.listen({ fd })
  return server
})
for (const { fd, isV6 } of parts.descriptors.udp) {
  answerOnDescriptor({ fd, isV6 }, { answers: udp, onError })
}
parentPort?.on('message', hear)
tell({ kind: 'ready' })

function hear(message: ToThread): void {
  if (message.kind === 'torrents') torrents = message.torrents
  else if (message.kind === 'foreign') foreign?.put(message.infoHash, message.peers)
  else if (message.kind === 'tls') tls?.replace(message.pair)
  else if (message.kind === 'refresh') addresses.refresh().catch(onError)
  else if (message.kind === 'answer') pages.hear(message.id, message.answer)
  else void stop()
}

function openLog(): AccessLog | null {
  const { logFormat: format } = parts
  if (format === 'off') return null
  const write = (lines: string) => {
    tell({ kind: 'log', lines })
  }
  return new AccessLog({ format, clientAddresses, now: Date.now, write })
}

/** Lets requests under way end; the sockets that all listen on are closed by the other thread. */
async function stop(): Promise<void> {
  const end = monotonic() + GRACE
  const isIdle = () => Atomics.load(parts.connections, parts.thread) === 0
  while (!isIdle() && monotonic() < end) {
    for (const server of servers) server.closeIdleConnections()
    await setTimeout(20)
  }
  for (const server of servers) server.closeAllConnections()
  log?.flush()
  tell({ kind: 'stopped' })
}
