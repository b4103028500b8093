import { orClose, valueOr } from '../../../base/errors.js'
import { isRaw } from '../../../base/text/raw-path.js'
import { fileAddress, isLocal } from '../../../metainfo/trackers.js'
import { runService, type Service, type ServiceSettings } from '../../../mirror/app/run-service.js'
import type { ServiceOptions } from '../../../mirror/options.js'
import { type Mirror, MirrorView } from '../../../mirror/tree/mirror.js'
import { walkMirror } from '../../../mirror/tree/walk.js'
import { count } from '../../../base/text/quantity.js'
import { cachePathIfAny } from '../../open/cache.js'
import { engineFor } from '../../open/engine.js'
import type { BoundedOutput } from '../../output/bounded-output.js'
import {
  bareHost,
  openTls,
  OTHER_PORT,
  reloadOnHangup,
  serverContext,
  withPortAdvice,
} from '../../open/server.js'
import {
  announceOf,
  isOnAllAddresses,
  machineHost,
  reachableAddress,
} from '../../output/addresses.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { serviceManager } from '../../open/service-manager.js'
import type { ServeOptions } from './options.js'
import { listenPlaces, nameTrackerOptions, serviceOptions, trackersWanted } from './request.js'
import { refusePublic } from './refuse-public.js'
import { type StartedTracker, startTracker } from './tracker.js'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { openPublished } from '../../../core/keep-seeded/sync.js'
import { realPath } from '../../../disk/look/inside.js'
import { recordsDirectory } from '../../open/tracker.js'
import { ChangeNotes, reportTrackers } from '../../seeding/keeper.js'
import { OwnTarget } from '../../../seeding/peer/own-target.js'
import { MadeTorrents } from '../../../seeding/peer/mirror-seed.js'
import { isWithheld } from '../../../mirror/tree/mirror.js'
import { readSiteLook } from '../../../page-parts/site-look.js'
import type { ServerContext } from '../../../server/context.js'
import { version } from '../../../base/process.js'

/** The service writes to standard error for years, so it must not wait for a slow reader. */
export type ServeIo = Io & { readonly stderr: BoundedOutput } & Pick<
    CommandContext,
    'reloadConfiguration' | 'configFile'
  >

type SharingOptions = ServeOptions & { readonly shareWith: ServiceSettings['share'] }

/** Serves until a signal stops the command. */
export async function serve(root: string, options: SharingOptions, io: ServeIo): Promise<void> {
  const own = serviceSettings(root, options, io)
  refuseOwnPlaces(own, options, io.cwd)
  const settings = { ...own, tls: await openTls(options, io) }
  const look = await readSiteLook(options, io.cwd)
  const world = {
    ...serverContext(io),
    writeLog: (lines: string) => {
      io.stderr.write(lines)
    },
    droppedLines: () => io.stderr.dropped,
  }
  const { warn, onError } = world
  const report = new Report({}, io)
  const manager = serviceManager(io.env, warn)
  const tracker = await startTracker(options, { io, world, root, tls: settings.tls, look })
  const openOwnSeed = () => openSeed(options, { ...world, io, root, own: tracker })
  const advise = withPortAdvice('choose another one with --seed-port')
  const seed = await orClose(() => tracker?.stop(), openOwnSeed).catch(advise)
  const told = { ...settings, options: { ...settings.options, ownTracker: tracker, seed, look } }
  const close = () => Promise.all([tracker?.stop(), seed?.close()])
  const service = await orClose(close, () => runService(told, world)).catch((error: unknown) => {
    return withPortAdvice(OTHER_PORT)(nameTrackerOptions(error))
  })
  // The tracker runs before the mirror
  if (tracker?.mirror) tracker.mirror.search.files = service.findFiles
  try {
    const { trackers } = service
    io.onReopen(() => void service.reopenLog())
    reloadOnHangup(manager, io, () => {
      const files = [trackers.refresh(true), tracker?.refresh(), settings.tls?.reload()]
      return Promise.all([service.reopenLog(), ...files])
    })
    const request = settings.options
    if (seed) {
      seedGiven(seed, request, service.hashContext, io.signal, onError).catch((error: unknown) => {
        if (!io.signal.aborted) onError(error)
      })
    }
    const example = await findExample(request.mirror)
    report.text(greeting(service, request, example, tracker, seed))
    manager.ready(`serving ${root} at ${service.addresses.join(', ')}`)
    if (!io.signal.aborted) await once(io.signal, 'abort')
  } finally {
    manager.stopping()
    const waiting = service.underWay()
    if (waiting > 0) {
      const limit = 'at most 8 s; a second signal ends them'
      report.note(`waiting for ${count(waiting, 'request')}, ${limit}`)
    }
    await Promise.all([close(), service.stop()])
  }
}

/** Refuses to publish the cache, private keys, and what has the addresses of peers and clients. */
function refuseOwnPlaces(
  { options: { mirror }, ...own }: Omit<ServiceSettings, 'tls'>,
  { tlsKey, shareKeyFile }: SharingOptions,
  cwd: string,
): void {
  const inPlace = (path?: string) => (path === undefined ? null : resolve(cwd, path))
  const places = [
    ['--cache-dir', own.cacheDirectory],
    ['--state-dir', own.stateDirectory],
    ['--log-file', own.logFile],
    ['--tls-key', inPlace(tlsKey)],
    ['--share-key-file', inPlace(shareKeyFile)],
  ] as const
  refusePublic(places, mirror.root, (below) => !isWithheld(below, mirror))
}

function serviceSettings(
  root: string,
  options: SharingOptions,
  io: Io,
): Omit<ServiceSettings, 'tls'> {
  return {
    options: serviceOptions(root, options, io),
    places: listenPlaces(options, io),
    trackers: trackersWanted(options, io),
    engine: engineFor(options, io),
    cacheDirectory: cachePathIfAny(options.cacheDir, io),
    cacheTrust: options.cacheTrust,
    // Without a home directory there is none
    stateDirectory: valueOr(null, () => recordsDirectory(options, io)),
    share: options.shareWith,
    logFormat: options.log,
    logFile: options.logFile === undefined ? null : resolve(io.cwd, options.logFile),
  }
}

/**
 * The lines printed when the service has started. `example` is a file of the mirror; null if none
 * was found quickly. Without a tracker or a seed in the same process, these are null.
 */
function greeting(
  service: Service,
  request: ServiceOptions,
  example: readonly string[] | null,
  tracker: StartedTracker | null,
  seed: MadeTorrents | null,
): string[] {
  const host = machineHost()
  const trackers = service.trackers.current()
  const addresses = service.addresses.map((each) => reachableAddress(each, host))
  const first = addresses[0] ?? ''
  // A proxy in front may reach this machine alone
  const isOnlyHere = request.publicUrl === null && addresses.every(isLocal)
  return [
    `serving:  ${request.mirror.root}`,
    ...addresses.map((address) => `address:  ${address}`),
    ...(isOnlyHere ? [ONLY_HERE] : []),
    `trackers: ${trackers.length === 0 ? NO_TRACKER : count(trackers.length, 'tracker')}`,
    ...(tracker?.addresses ?? []).map((each) => {
      const where = isOnAllAddresses(each) ? EVERYWHERE : ''
      return `tracking: ${announceOf(each, host)}${where}`
    }),
    ...(seed ? [`seeding:  port ${seed.port}${EVERYWHERE}`] : []),
    ...(tracker?.pages ? [`admin:    ${tracker.pages.address}`] : []),
    ...(tracker ? [`state:    ${tracker.stateFile}`] : []),
    ...pageLine(request, first),
    `try:      ${exampleCall(request.publicUrl ?? first, example)}${isOnlyHere ? FOR_ITSELF : ''}`,
  ]
}

const EVERYWHERE = ' (on all addresses)'

const NO_TRACKER = 'no tracker: clients use the web seed and the DHT'

/** The page to open in a browser: the listing of the root, or else the status. */
function pageLine({ publicUrl, files, listings }: ServiceOptions, address: string): string[] {
  const root = publicUrl ?? (address.startsWith('http') ? address : null)
  const page = files && listings ? '' : '-/status'
  return root === null ? [] : [`open:     ${root}/${page}`]
}

/**
 * A command that downloads the torrent of a file and saves it under the name that the server sends.
 * The torrent is the one that makemetafile makes.
 */
function exampleCall(address: string, example: readonly string[] | null): string {
  const rest = `${fileAddress('', example ?? ['PATH', 'OF', 'A', 'FILE'])}.torrent`
  const quote = (text: string) => `'${text.replaceAll("'", '%27')}'`
  if (address.startsWith('http')) return `curl -fOJ ${quote(address + rest)}`
  return `curl -fOJ --unix-socket ${quote(address)} ${quote(`http://localhost${rest}`)}`
}

const ONLY_HERE = '          (this machine only; --host :: for all)'

/** The web seed of such a torrent leads each client to its own machine. */
const FOR_ITSELF = '  # for this machine; for others, give --public-url'

/** Most names searched for an example. */
const MAX_NAMES = 2000

/** The path of any published file that can have a torrent; null if none is found soon. */
async function findExample(mirror: Mirror): Promise<readonly string[] | null> {
  const view = new MirrorView(mirror)
  let seen = 0
  const isWanted = (name: string) => ++seen <= MAX_NAMES && !isRaw(name)
  // A request for something in a directory will report its error
  const passOver = () => undefined
  const rules = { isWanted, enter: () => true, passOver, pause: () => null, mayLoop: false }
  for await (const { names, place } of walkMirror(view, { path: [], state: true }, rules)) {
    for (const name of names.filter((each) => !each.endsWith('.torrent'))) {
      const file = await view.file([...place.path, name]).catch(() => null)
      if (file && file.fingerprint.size > 0) return file.path
    }
    if (seen > MAX_NAMES) return null
  }
  return null
}

/** Milliseconds between looks at the directories of `--torrents`. */
const LOOK = 30_000

/**
 * Opens the seed of `--seed`, on all addresses. Returns null without `--seed`.
 * @throws BtkitError if it cannot listen
 */
async function openSeed(
  { seed, seedPort, maxUploadRate, publicUrl, stateDir }: ServeOptions,
  { monotonic, onError, now, warn, io, root, own }: SeedWorld,
): Promise<MadeTorrents | null> {
  if (!seed) return null
  const state = { directory: recordsDirectory({ stateDir }, io), now, warn }
  return MadeTorrents.open({
    host: null,
    port: seedPort,
    lastPort: 6999,
    announcedAddress: null,
    maxUpload: maxUploadRate || null,
    // With more, requests wait longer beside a fast leecher
    readAhead: 5,
    version: version(),
    monotonic,
    dht: false,
    localDiscovery: false,
    onError,
    onTrackerChange: reportTrackers(new Report({}, io)),
    ownTracker: own,
    warn,
    publicHost: publicUrl === undefined ? null : bareHost(new URL(publicUrl).hostname),
    given: openPublished(realPath(root) ?? root, { label: 'btkit serve' }, state),
  })
}

interface SeedWorld extends ServerContext {
  /** The tracker of this process. */
  readonly own: StartedTracker | null
  readonly io: Io
  readonly root: string
}

/** Seeds the torrents of `--torrents` whose files the mirror has, until aborted. */
async function seedGiven(
  { service }: MadeTorrents,
  options: ServiceOptions,
  hashContext: HashContext,
  signal: AbortSignal,
  onError: ServerContext['onError'],
): Promise<void> {
  const { root, followSymlinks } = options.mirror
  const places = {
    places: options.torrents,
    placesOf: () => [{ path: root }],
    search: [root],
    followSymlinks,
    isBeside: false,
    hashContext,
  }
  const report = { note: () => undefined, fail: onError }
  const keeper = new ChangeNotes(report).keeperFor(places, new OwnTarget(service))
  while (!signal.aborted && options.torrents.length > 0) {
    const next = await keeper.update()
    await setTimeout(Math.min(LOOK, next), undefined, { signal })
  }
}
