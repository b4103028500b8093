import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { type OwnClient, startOwnClient } from '../../seeding/clients/own/start.js'
import { waitFor, waitingFor } from '../../core/publish/wait-for.js'
import { BtkitError, failureOf, usageError } from '../../base/errors.js'
import { readBounded } from '../../disk/look/read-bounded.js'
import { type NamedClient, openClients, usualClients } from './clients.js'
import type { Io } from '../io.js'
import { Report } from '../output/report.js'
import { requirePorts, type OwnClientOptions } from '../options/own-client.js'

/** Milliseconds that a client may take to start. */
const START_MS = 30_000

/** The largest file of certificates, in bytes. */
const MAX_CERTIFICATES = 16 * 1024 * 1024

/** Whether a client is named, so that none is started. */
export function namesClient(client: readonly string[], io: Io): boolean {
  return client.length > 0 || usualClients(io).length > 0
}

/**
 * Starts a client, runs `act` with it, and stops it. The signal of its world also aborts when the client exits.
 * @throws BtkitError `usage`, `not-found` if no client program is installed, `client` if the client
 * does not answer or exits early
 */
export async function withOwnClient<T>(
  options: OwnClientOptions,
  io: Io,
  act: (own: OwnClient, named: NamedClient, io: Io) => Promise<T>,
): Promise<T> {
  const own = await startClient(options, io)
  const ownIo = { ...io, signal: AbortSignal.any([io.signal, signalOfEnd(own)]) }
  try {
    const named = await connectOwn(own, ownIo)
    const result = await act(own, named, ownIo)
    if (ownIo.signal.aborted) requireRunning(own, io)
    return result
  } catch (error) {
    if (ownIo.signal.aborted) requireRunning(own, io)
    throw error
  } finally {
    await own.stop()
  }
}

/** Aborts when a client exits. */
function signalOfEnd({ ended }: OwnClient): AbortSignal {
  const ending = new AbortController()
  void ended.then(() => {
    ending.abort()
  })
  return ending.signal
}

function requireRunning({ program }: OwnClient, { signal }: Io): void {
  if (signal.aborted) return
  throw new BtkitError(
    'client',
    `${program}: exited or could not be started; run it by hand to see why`,
  )
}

async function startClient(options: OwnClientOptions, io: Io): Promise<OwnClient> {
  const { caCert, ip } = options
  requirePorts(options)
  const caCertificates = caCert === undefined ? null : readCertificates(resolve(io.cwd, caCert))
  const own = await startOwnClient({ ...options, caCertificates }, io.env)
  if (ip !== undefined && !own.announcesAddress) {
    new Report({}, io).alert(`--ip ${ip}: ${own.program} cannot announce another address`)
  }
  return own
}

/** Reads certificates in PEM. Checked here, because a client would silently ignore invalid ones. */
function readCertificates(path: string): string {
  const text = Buffer.from(readBounded(path, MAX_CERTIFICATES)).toString()
  try {
    new X509Certificate(text)
    return text
  } catch {
    throw usageError(`--ca-cert ${path}: not a certificate in PEM`)
  }
}

/**
 * Waits until a started client answers.
 * @throws BtkitError `client` if it does not, `interrupted`
 */
async function connectOwn(own: OwnClient, io: Io): Promise<NamedClient> {
  const [named] = openClients([own.url], io) as [NamedClient]
  const failure = await waitFor(waitingFor(START_MS, io), async () => {
    const value = await failureOf(() => named.client.version())
    if (value?.code === 'interrupted') throw value
    return { value, isOver: value === null }
  })
  if (failure) throw failure
  return named
}
