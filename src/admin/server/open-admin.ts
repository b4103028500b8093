import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import { fastify } from 'fastify'
import { acceptForms } from '../../pages/frame.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import {
  connectionLimiter,
  connectionLimits,
  maxDescriptors,
} from '../../server/connections/connection-limits.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import { listen, type ServerRules } from '../../server/listen/listen.js'
import { isUnixPlace } from '../../server/listen/open-server.js'
import { isLoopback } from '../access/listen-place.js'
import { LogIns, Sessions } from '../access/log-in.js'
import { PasswordHasher } from '../access/password-hash.js'
import { UsersFile } from '../access/users.js'
import { Authentication } from './authentication.js'
import { adminRoutes } from './routes.js'
import type { AdminParts, AdminSettings } from './settings.js'

/** Pages that listen. */
export interface Admin {
  /** A URL, or the path of a Unix socket. */
  readonly address: string
  readonly close: () => Promise<void>
}

/** Few people work here: more connections are somebody else's. */
const CONNECTIONS = { most: 200, mostPerClient: 50, filesShare: 1 / 8 }

const RULES: ServerRules = {
  options: {
    headersTimeout: 10_000,
    // Torrents are uploaded over slow lines, too
    requestTimeout: 10 * 60_000,
    keepAliveTimeout: 15_000,
    maxHeaderSize: 16 * 1024,
  },
  maxWaiting: 16,
  grace: 10_000,
  prepare: (server) => {
    server.setTimeout(120_000)
  },
}

/** Largest form, in bytes, and its most fields: the page with most torrents needs less. */
const MAX_FORM = 1024 * 1024
const MOST_FIELDS = 3000

/**
 * Opens the pages of the administration.
 * @throws BtkitError if the file of users cannot be read, or it cannot listen
 */
export async function openAdmin(settings: AdminSettings, parts: AdminParts): Promise<Admin> {
  const { place, clientAddresses, tls } = settings
  const users = new UsersFile(settings.usersFile, parts.warn)
  await users.open()
  const app = fastify({ bodyLimit: MAX_FORM, routerOptions: { maxParamLength: 4096 } })
  await app.register(cookie, { secret: randomBytes(32).toString('base64') })
  const logIns = new LogIns({ ...parts, users, hasher: new PasswordHasher() })
  const sessions = new Sessions(parts.monotonic)
  const authentication = new Authentication({
    ...parts,
    settings,
    users,
    sessions,
    logIns,
    own: ownAddress(settings),
  })
  const prefix = settings.url?.pathname.replace(/\/$/, '') ?? ''
  acceptForms(app, MOST_FIELDS)
  await app.register(multipart)
  adminRoutes(app, { ...parts, authentication })
  if (prefix !== '') app.get(prefix, (_, reply) => reply.redirect(`${prefix}/`, 308))
  await app.ready()
  const limits = connectionLimits(CONNECTIONS, clientAddresses, maxDescriptors())
  const exchanges = new Exchanges(() => undefined, parts)
  const listener = await listen(place, {
    handler: (request, response) => {
      request.url = withoutPrefix(request.url ?? '/', prefix)
      app.routing(request, response)
    },
    exchanges,
    rules: RULES,
    keyOf: limits.keyOf,
    unread: new UnreadBytes(limits.keyOf),
    limitConnections: connectionLimiter(limits),
    tls,
    onError: parts.onError,
  })
  const close = async () => {
    await listener.close()
    await app.close()
  }
  return { address: listener.address, close }
}

/** Proxies pass a prefix on, or remove it. */
function withoutPrefix(url: string, prefix: string): string {
  const rest = prefix !== '' && url.startsWith(prefix) ? url.slice(prefix.length) : url
  return rest.startsWith('/') ? rest : url
}

function ownAddress({ url, place, tls }: AdminSettings) {
  const isLocal = 'host' in place && isLoopback(place.host)
  return { url, takesAnyHost: isUnixPlace(place) || (!isLocal && url === null) || tls !== null }
}
