import { lstatSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { makeCloser } from './close.js'
import { answerHalfClosed } from './half-closed.js'
import { inTurn, type Handler } from './in-turn.js'
import type { Exchanges } from './exchanges.js'
import { refuseConnection, refuseExpectation } from '../web/refuse-connection.js'
import type { ServiceLimits } from '../options.js'

/** Where to listen: a host and port, or the path of a Unix socket. */
export type ListenPlace =
  { readonly host: string; readonly port: number } | { readonly path: string }

/** What every server is given. */
export interface ListenParts {
  readonly handler: Handler
  readonly exchanges: Exchanges
  readonly limits: Pick<ServiceLimits, 'headerTimeout' | 'bodyTimeout' | 'wait'>
  /** Hears of connections that could not be taken. */
  readonly onError: (error: unknown) => void
}

/** A server that listens. */
export interface Listener {
  /** Without a slash at its end; that of a Unix socket is its path. */
  readonly address: string
  /** Takes no further connections, and resolves when the requests under way are over. */
  readonly close: () => Promise<void>
}

/** How often clients that are too slow are looked for, in milliseconds. */
const CHECK_INTERVAL = 1000

/** A connection that nothing was asked on for so long is closed, in milliseconds. */
export const KEEP_ALIVE = 30_000

/** A connection on which nothing moved for so long is closed, in milliseconds. */
const STANDSTILL = 120_000

/**
 * Opens a server that gives the handler its requests.
 * @throws BtkitError when it can't listen there
 */
export async function listen(
  place: ListenPlace,
  { handler, exchanges, limits, onError }: ListenParts,
): Promise<Listener> {
  const server = createServer(
    {
      headersTimeout: limits.headerTimeout,
      requestTimeout: limits.headerTimeout + limits.bodyTimeout,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: CHECK_INTERVAL,
      // Refused by the handler, in words
      requireHostHeader: false,
    },
    inTurn(handler, exchanges.reportLeft),
  )
  server.setTimeout(Math.max(STANDSTILL, 2 * limits.wait))
  const close = makeCloser(server)
  exchanges.follow(server)
  answerHalfClosed(server, exchanges)
  server.on('clientError', (error, socket: Socket) => {
    const refusal = refuseConnection(error, socket)
    if (refusal) exchanges.refuse(socket, refusal)
  })
  const refuseInTurn = inTurn((request, response) => {
    exchanges.begin(request, response)
    refuseExpectation(request, response)
  }, exchanges.reportLeft)
  server.on('checkExpectation', refuseInTurn)
  try {
    await open(server, place)
  } catch (error) {
    if (!('path' in place) || !(await isAbandoned(place.path, error))) throw sayWhy(error, place)
    rmSync(place.path, { force: true })
    await open(server, place)
  }
  // Such as a connection that can't be taken, for want of descriptors
  server.on('error', onError)
  return { address: addressOf(server), close }
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return address ?? ''
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}

function open(server: Server, place: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...place, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function sayWhy(error: unknown, place: ListenPlace): unknown {
  const what = 'path' in place ? place.path : `${place.host} port ${place.port}`
  const told = asBtkitError(error, `can't listen on ${what}`)
  return told instanceof BtkitError ? told : new BtkitError('usage', `can't listen on ${what}`)
}

/** Whether a socket is there that no process listens on any more. */
function isAbandoned(path: string, error: unknown): Promise<boolean> {
  if (osCodeOf(error) !== 'EADDRINUSE' || !isSocket(path)) return Promise.resolve(false)
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (refusal) => {
      resolve(osCodeOf(refusal) === 'ECONNREFUSED')
    })
  })
}

/** A file at the path would refuse connections too, and must not be lost. */
function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
}
