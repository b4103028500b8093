import type { KeyOf } from '../connections/connections.js'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type Server } from 'node:tls'
import { BtkitError, failureOf } from '../../base/errors.js'
import { Shares } from '../connections/connection-limits.js'
import type { ServerContext } from '../context.js'

/** A certificate with its chain, and its key; both in PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** Milliseconds before the end of a certificate, when an ordinary one is long renewed. */
const NEAR = 14 * 86_400_000

/** The ciphers of TLS 1.3, without which Node would not speak it. */
const NEWEST = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

/** The oldest version of TLS that current browsers speak, and ciphers with forward secrecy. */
export const TLS_RULES = {
  minVersion: 'TLSv1.2',
  ciphers: `${NEWEST}:ECDHE+AESGCM:ECDHE+CHACHA20`,
} as const

/** Where the certificate and its key come from. */
interface TlsSource extends Pick<ServerContext, 'warn' | 'now'> {
  /** Reads the certificate and its key. */
  readonly read: () => Promise<TlsPair>
  /** The state of both files, which is another one after each change. */
  readonly state: () => string
  /** Their files, for messages. */
  readonly names: TlsPair
}

/** Milliseconds between looks at the files of certificates. */
export const tlsLooks = { period: 60_000 }

/** A certificate and its key from files, which may be renewed there, for servers. */
export class TlsKeys {
  readonly #servers: Server[] = []
  /** The certificate whose end was announced. */
  #ending = ''

  private constructor(
    private readonly source: TlsSource,
    /** The pair in use. */
    public pair: TlsPair,
    /** The state of the files when they were read last. */
    private state: string,
  ) {}

  /** @throws BtkitError if the files cannot be read, or do not belong together */
  static async open(source: TlsSource): Promise<TlsKeys> {
    const state = source.state()
    const keys = new TlsKeys(source, await readPair(source), state)
    keys.#warnOfEnd()
    return keys
  }

  /** Reads the files again if they changed since. Warns once before the certificate ends. */
  async look(): Promise<void> {
    if (this.source.state() !== this.state) await this.reload()
    this.#warnOfEnd()
  }

  #warnOfEnd(): void {
    const { now, warn } = this.source
    const { validTo, validFrom, subject, fingerprint256 } = new X509Certificate(this.pair.cert)
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
    const isNear = to - now() < Math.min(NEAR, (to - from) / 3)
    if (!isNear || to < now() || this.#ending === fingerprint256) return
    this.#ending = fingerprint256
    warn(`the certificate of ${subject.replaceAll('\n', ', ')} ends on ${validTo}; renew it`)
  }

  /**
   * Gives a server the current pair now and after each replacement; open connections keep theirs.
   */
  provide(server: Server): void {
    this.#servers.push(server)
  }

  /** Reads the files again; if the new pair is invalid, the old one stays in use. */
  async reload(): Promise<void> {
    this.state = this.source.state()
    const failure = await failureOf(async () => {
      this.pair = await readPair(this.source)
      for (const server of this.#servers) server.setSecureContext({ ...this.pair, ...TLS_RULES })
    })
    if (failure) this.source.warn(`${failure.message}; the old certificate stays in use`)
  }
}

/** @throws BtkitError if the files cannot be read, or a server could not use the pair */
async function readPair({ read, names, warn, now }: TlsSource): Promise<TlsPair> {
  const pair = await read()
  const { cert, key } = names
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pair.key))
    throw unusable(key, `is encrypted; decrypt it: openssl pkey -in ${key} -out another file`)
  const certificate = tried(cert, () => new X509Certificate(pair.cert))
  const own = tried(key, () => createPrivateKey(pair.key))
  // The context has a place for a key of each kind, so it takes a key of another kind
  if (!certificate.checkPrivateKey(own))
    throw unusable(key, `is the key of another certificate than ${cert}`)
  tried(cert, () => createSecureContext(pair))
  const { validTo, subject } = certificate
  if (Date.parse(validTo) < now())
    warn(`the certificate of ${subject.replaceAll('\n', ', ')} expired on ${validTo}; renew it`)
  return pair
}

function tried<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    // For example error:05800074:x509 certificate routines::unsupported
    throw unusable(file, `cannot be used: ${(error as Error).message.split(':').at(-1) ?? ''}`)
  }
}

function unusable(file: string, why: string): BtkitError {
  return new BtkitError('usage', `${file}: ${why}`)
}

/** Milliseconds before a handshake must be complete, however slowly the client sends. */
const TIMEOUT = 10_000

/** Most handshakes under way, of all and of a client; each takes about 50 KB of memory. */
const MOST = 1000
const MOST_OF_CLIENT = 250

/** A connection whose handshake is under way; `end` removes it from the count. */
interface Handshake {
  readonly socket: Socket
  readonly end: () => void
}

const handshakes = new WeakMap<object, Map<string, Handshake>>()

/**
 * Bounds the cost of connections that do not complete their handshake: of all together, where a new
 * one takes the place of the oldest, and of each client unless many clients share the connection's
 * address. One that was given up counts until its time is over: the service has paid for it.
 */
export function limitHandshakes(server: Server, keyOf: KeyOf): void {
  const underWay = new Map<string, Handshake>()
  const limits = { all: Infinity, perClient: MOST_OF_CLIENT, perNetwork: MOST_OF_CLIENT }
  const shares = new Shares(limits)
  handshakes.set(server, underWay)
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket)
    const client = keyOf(socket)
    if (!shares.take(client)) {
      socket.destroy()
      return
    }
    if (underWay.size >= MOST) endOldest(underWay)
    const late = () => {
      end()
      socket.destroy()
    }
    const timer = setTimeout(late, TIMEOUT).unref()
    const end = () => {
      if (underWay.get(place)?.socket !== socket) return
      underWay.delete(place)
      clearTimeout(timer)
      shares.give(client)
    }
    underWay.get(place)?.end()
    underWay.set(place, { socket, end })
  })
  // The event has another object than the connection below it
  server.on('secureConnection', (socket) => {
    underWay.get(placeOf(socket))?.end()
  })
}

/** A client that means well needs some milliseconds, so the oldest one is of another. */
function endOldest(underWay: ReadonlyMap<string, Handshake>): void {
  const [oldest] = underWay.values()
  oldest?.end()
  oldest?.socket.destroy()
}

/** The connections of a server whose handshakes are under way. */
export function connectionsInHandshake(server: object): Socket[] {
  return [...(handshakes.get(server)?.values() ?? [])].map(({ socket }) => socket)
}

/** Distinguishes a connection from all others of a server. */
function placeOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''} ${localAddress ?? ''}`
}
