import type { Server } from 'node:http'
import { connectionLimiter } from '../../web/limit-connections.js'
import { maxDescriptors } from '../../web/max-descriptors.js'
import { ClientAddresses } from '../../web/client-address.js'
import type { Handler } from '../../web/turns.js'
import { TlsKeys, type TlsPair } from '../../web/tls/tls-keys.js'
import { refuseStopping } from '../../web/refuse-connection.js'
import { HandedFileSender } from '../downloads/send-handed.js'
import { RootWatch } from '../mirror/root-watch.js'
import { keptAnswers } from '../torrents/kept-answers.js'
import { ResponseCache } from '../torrents/response-cache.js'
import type { PreparedAnswer } from '../web/send-prepared.js'
import { Forwarder, type KeepableAnswer } from '../workers/forward.js'
import type { FromWorker, WorkerSettings } from '../workers/messages.js'
import { WorkerReporter } from '../workers/worker-reporter.js'
import { connectionLimitsOf } from './connection-limits.js'
import { Exchanges } from './exchanges.js'
import { KEEP_ALIVE, makeServer } from './listen.js'
import { StopGate } from './stop-gate.js'

/** What an answer is right by. */
interface Basis {
  /** Until when it may be given again, on the clock that is never set. */
  readonly until: number
  /** Of the torrent that it is about. */
  readonly infoHash: string
}

/** What answers requests in a worker. */
export class AnsweringWorker {
  readonly #settings: WorkerSettings
  readonly #clientAddresses: ClientAddresses
  readonly #limitConnections: (server: Server) => void
  readonly #tell: (message: FromWorker) => Promise<void>
  readonly #closers: (() => Promise<void>)[] = []
  readonly #responses = new ResponseCache<Basis, PreparedAnswer>({
    now: Date.now,
    keepAliveSeconds: KEEP_ALIVE / 1000,
    isCurrent: ({ checked }) => monotonic() < checked.until,
  })
  readonly #reporter: WorkerReporter
  readonly #exchanges: Exchanges
  readonly #forwarder: Forwarder
  readonly #handler: Handler
  readonly #gate: StopGate
  #tls: TlsKeys | null = null

  /** `tell` resolves when a message is on its way. */
  constructor(settings: WorkerSettings, tell: (message: FromWorker) => Promise<void>) {
    this.#settings = settings
    this.#tell = tell
    const clientAddresses = new ClientAddresses(settings.trustedProxies)
    this.#clientAddresses = clientAddresses
    this.#limitConnections = connectionLimiter(
      connectionLimitsOf(clientAddresses, settings.processes, maxDescriptors()),
    )
    this.#reporter = new WorkerReporter({
      format: settings.logFormat,
      clientAddresses,
      now: Date.now,
      connections: () => this.#exchanges.connections,
      tell: (report, id) => tell({ kind: 'report', id, report }),
    })
    this.#exchanges = new Exchanges({ report: this.#reporter.note, monotonic })
    this.#gate = new StopGate(this.#exchanges)
    const files = new HandedFileSender(settings.mirror, settings.limits.maxReads)
    this.#forwarder = new Forwarder({
      mainPath: settings.mainPath,
      monotonic,
      onError: this.#onError,
      addressOf: (request) => clientAddresses.of(request),
      onRoute: (request, route) => {
        this.#exchanges.setRoute(request, route)
      },
      onKeepable: (request, answer) => {
        const { until, torrent } = answer
        this.#responses.note(request, { until, infoHash: torrent ?? '' }, preparedFrom(answer))
      },
      sendFile: (file, response, begin) => files.send(file, response, begin),
    })
    this.#handler = this.#makeHandler()
  }

  /** Speaks TLS with these from now on. */
  takeTls(pair: TlsPair): void {
    if (this.#tls) this.#tls.replace(pair)
    else this.#tls = new TlsKeys(pair)
  }

  /** Answers on a socket of another process, as Node passes it. */
  listen(socket: unknown, isSecure: boolean): void {
    const { limits } = this.#settings
    const tls = isSecure ? this.#tls : null
    const { server, close } = makeServer({
      handler: this.#handler,
      exchanges: this.#exchanges,
      limits,
      clientAddresses: this.#clientAddresses,
      limitConnections: this.#limitConnections,
      tls,
    })
    server.on('error', this.#onError)
    server.listen(socket)
    this.#closers.push(close)
  }

  /** Reports what is not told yet, by that number. */
  report(id: number): Promise<void> {
    return this.#reporter.tell(id)
  }

  /** Gives nothing again that was answered before. */
  expire(): void {
    this.#responses.clear()
  }

  /** Takes no further requests, and resolves when those under way are over, and told of. */
  async stop(): Promise<void> {
    this.#gate.close()
    await Promise.all(this.#closers.map((close) => close()))
    await this.#reporter.tell(null)
    this.#forwarder.close()
  }

  #makeHandler(): Handler {
    const root = new RootWatch(this.#settings.mirror.root)
    const [exchanges, gate] = [this.#exchanges, this.#gate]
    const answerKept = keptAnswers({
      responses: this.#responses,
      exchanges,
      report: this.#reporter.note,
      onKept: ({ infoHash }) => {
        this.#reporter.noteKept(infoHash)
      },
      monotonic,
    })
    return (request, response) => {
      if (root.hasMoved()) this.expire()
      const isAdmitted = gate.admits(request)
      if (isAdmitted && answerKept(request, response)) return
      exchanges.begin(request, response)
      if (isAdmitted) this.#forwarder.forward(request, response)
      else refuseStopping(response)
    }
  }

  readonly #onError = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error)
    void this.#tell({ kind: 'error', message: `a worker: ${message}` })
  }
}

function monotonic(): number {
  return performance.now()
}

function preparedFrom({ headers, body }: KeepableAnswer): PreparedAnswer {
  const pairs: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] ?? '', headers[i + 1] ?? ''])
  return { headers: Object.fromEntries(pairs), body }
}
