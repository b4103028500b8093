import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { type OwnClient, type OwnClientSettings, startOwnClient } from '../../clients/own/start.js'
import { waitFor, waitingFor } from '../../core/publish/wait-for.js'
import { BtkitError, usageError } from '../../errors.js'
import { readBounded } from '../../files/read-bounded.js'
import { type NamedClient, openClients } from './open-clients.js'
import type { Io } from '../io.js'
import { reportWarning } from '../output/messages.js'
import { isIP } from 'node:net'
import { type Command, InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { wholeNumber } from './values.js'
import { Opt } from '../options/option.js'

/** Milliseconds that a client may take to start. */
const START_MS = 30_000

/** The largest file of certificates, in bytes. */
const MAX_CERTIFICATES = 16 * 1024 * 1024

/** Whether a client is named, so that none is started. */
export function namesClient(client: readonly string[], { env }: Io): boolean {
  return client.length > 0 || (env['BTKIT_CLIENT'] ?? '').trim() !== ''
}

/** A client that was started for a run. */
export interface StartedClient {
  readonly own: OwnClient
  readonly named: NamedClient
  /** Like the run's, but its signal also aborts when the client exits. */
  readonly io: Io
}

/**
 * Starts a client, runs `act` with it, and stops it.
 * @throws BtkitError `usage`, `not-found` if no client program is installed, `client` if the client
 * does not answer or exits early
 */
export async function withOwnClient<T>(
  options: OwnClientOptions,
  io: Io,
  act: (started: StartedClient) => Promise<T>,
): Promise<T> {
  const own = await startClient(options, io)
  const ownIo = { ...io, signal: AbortSignal.any([io.signal, signalOfEnd(own)]) }
  try {
    const named = await connectOwn(own, options.clientTimeout, ownIo)
    const result = await act({ own, named, io: ownIo })
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
    reportWarning(`--ip ${ip}: ${own.program} cannot announce another address`, io)
  }
  return own
}

/** @throws BtkitError `usage` if a range of ports is empty */
export function requirePorts({ minport, maxport }: Pick<OwnClientOptions, 'minport' | 'maxport'>) {
  if (minport <= maxport) return
  throw usageError(`--minport ${minport}: must not be above --maxport ${maxport}`)
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
async function connectOwn(own: OwnClient, timeoutMs: number, io: Io): Promise<NamedClient> {
  const named = openClients([own.url], timeoutMs, io)
  let failure: unknown = null
  await waitFor(waitingFor(START_MS, io), async () => {
    failure = await failureOf(named)
    return { value: null, isOver: failure === null }
  })
  const [first] = named
  if (failure === null && first) return first
  throw failure
}

async function failureOf(named: readonly NamedClient[]): Promise<unknown> {
  try {
    for (const { client } of named) await client.version()
    return null
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
    return error
  }
}

/** The traditional ports of BitTorrent. */
const PORTS = { first: 6881, last: 6999 }

/** More than any network's rate, in KiB per second. */
const MAX_RATE = 2 ** 30

/** The settings of a client that btkit starts. */
export interface OwnClientOptions extends Omit<OwnClientSettings, 'caCertificates'> {
  /** Path of certificates in PEM. */
  readonly caCert?: string | undefined
  /** In milliseconds. */
  readonly clientTimeout: number
}

const OWN = { isForOwnClient: true }

/** Declares the options of commands that start a client of their own, in a group of their own. */
export function declareOwnClientOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  const upload = 'limit the upload rate in KiB a second; 0: unlimited'
  return command
    .optionsGroup('If no client is named:')
    .addOption(portOption('--minport <n>', 'use ports for peers from this one on', PORTS.first))
    .addOption(portOption('--maxport <n>', 'use ports for peers up to this one', PORTS.last))
    .addOption(
      new Opt('--ip <address>', 'announce this address to trackers', OWN).argParser(ipAddress),
    )
    .addOption(new Opt('--bind <address>', 'bind to this address', OWN).argParser(ipAddress))
    .addOption(rateOption('--max-upload-rate <n>', upload))
}

export function maxDownloadRateOption() {
  return rateOption(
    '--max-download-rate <n>',
    'limit the download rate in KiB a second; 0: unlimited',
  )
}

export function caCertOption() {
  const what = 'trust these certificates (PEM) for HTTPS, instead of those of the system'
  return new Opt('--ca-cert <file>', what, { takes: 'file', ...OWN })
}

function portOption<const Flags extends string>(flags: Flags, description: string, port: number) {
  return new Opt(flags, description, OWN).argParser(wholeNumber(1, 65535)).default(port)
}

function rateOption<const Flags extends string>(flags: Flags, description: string) {
  return new Opt(flags, description, OWN).argParser(wholeNumber(0, MAX_RATE)).default(0)
}

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('not an IP address')
}
