import { InvalidArgumentError } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import { patternFault } from '../../../mirror/torrents/warm-patterns.js'
import {
  archiveDirOption,
  bannedIpsOption,
  bannedListOption,
  declareAdminOptions,
  declareSiteOptions,
  publicUrl,
  TLS_CERT,
  TLS_KEY,
  TRUST_PROXY,
} from '../../options/server.js'
import { THREADS, CACHE_DIR, CACHE_TRUST, stateDirOption } from '../../options/reading.js'
import { maxUploadRateOption } from '../../options/seeding.js'
import { declareShareOptions } from '../../options/share.js'
import * as read from '../../options/values.js'
import { isTracker, storedUrl } from '../../../metainfo/trackers.js'
import type { TrackerUrl } from '../../../metainfo/values.js'
import { DIRECTORY, FILE, type Need, OFF } from '../../options/option.js'

/** The default file of trackers. */
export const TRACKERS_FILE = '/var/lib/torrent_service/trackers'

/** The port of the tracker in this process if its announce URL is not given. */
export const TRACKER_PORT = 6969

export const SERVE_PORT = 8080

const TRACK: readonly Need[] = [{ oneOf: ['track'], why: 'which runs the tracker' }]

/** The options of `serve`. Each is validated when it is parsed. */
export function declareServeOptions() {
  const command = new Command('serve', { takes: 'directory' })
    .optionsGroup('Addresses:')
    .opt('-p, --port <n>', 'listen on this port; 0: a free one', {
      parse: read.wholeNumber(0, 65535),
      default: SERVE_PORT,
    })
    .opt(
      '--host <host>',
      `listen on this address or Unix socket (repeatable; default: 127.0.0.1). A Unix socket
        contains a slash, and its path has at most 107 bytes. '::' means all addresses of the
        machine.`,
      hosts,
    )
    .opt(
      '--public-url <url>',
      `use this URL of the root as web seed; required behind a proxy that speaks HTTPS or adds a
        path. It may have a path, but no user and password. By default, it is 'http://' or
        'https://', and the 'Host' of the request. An HTTP cache in front needs this URL, too. A
        warning in the log says when a proxy of --trust-proxy sends 'X-Forwarded-Proto: https' and
        this URL is missing.`,
      { parse: publicUrl },
    )
    .opt(...TRUST_PROXY)
    .opt(...TLS_CERT)
    .opt(...TLS_KEY)
    .optionsGroup('Published files:')
    .opt('--follow-symlinks', 'follow links that lead out of the root', OFF)
    .opt(
      '--hidden',
      `publish hidden files, too. The path of a hidden file has a component that begins with a dot.
        Files below /.well-known/, such as challenges for certificates, are served in any case, but
        neither listed nor made torrents of.`,
      OFF,
    )
    .opt(
      '--no-files',
      `do not serve the files, because another server does. Torrents, null files and /-/ are still
        served.`,
    )
    .opt('--no-listings', 'make no pages of directories. They are answered with 404.')
    .opt(
      '--cors',
      `let other sites' pages fetch torrents, JSON and files. The answers have
        'Access-Control-Allow-Origin: *'. The status and metrics below /-/ stay closed to them.`,
      OFF,
    )
    .optionsGroup('Torrents:')
    .opt('-a, --tracker <url>', 'use this tracker, instead of --trackers (repeatable)', {
      trackers: 'one',
      excludes: ['trackerless'],
      replaces: ['trackers'],
      ...trackers,
    })
    .opt(
      '--trackers <file>',
      `read the trackers from this file (default: ${TRACKERS_FILE}, if it exists). See TRACKERS
        FILE.`,
      { takes: 'file' },
    )
    .opt(
      '--trackerless',
      'make torrents without trackers, even if the default file of trackers exists',
      { replaces: ['trackers'], default: false },
    )
    .opt(
      '-w, --web-seed <url>',
      `add another mirror's address of the root (repeatable). It is named after the mirror's own.`,
      read.seeds,
    )
    .opt(
      '--torrents <dir>',
      `serve the torrents in this directory if they match their files (repeatable). See STORED
        TORRENTS.`,
      { ...DIRECTORY, ...read.collect },
    )
    .opt(
      '--piece-length <size>',
      `use this piece length outside the pkgtorrent protocol, such as 1M, or auto. See PIECE LENGTH
        in btkit-makemetafile(1). The pkgtorrent addresses always use 1 MiB.`,
      { parse: read.pieceLength, default: 'auto' },
    )
    .opt(
      '--min-age <seconds>',
      `answer 503 for torrents of files that changed less than this long ago. The same is true for
        digests, and the answer has 'Retry-After'. Use it if programs write to files below the root
        with pauses.`,
      { parse: read.wholeSeconds(0, 1e9), default: 0 },
    )
    .optionsGroup('Tracker:')
    .opt(
      '--track [url]',
      `track the torrents in this process, at this announce URL (default: port ${TRACKER_PORT}), on
        the addresses of --host or on all. The URL is 'http://host:6969/announce' or
        'udp://host:6969', and replaces those of the trackers file. In a configuration, write
        'track: true', or 'false' to turn it off. With --trust-proxy, the URL may be the address of
        a proxy: an 'https' URL without --tls-cert, or a URL with a path, such as
        'https://mirror.example/tracker/announce'. The tracker then listens at port 6969, or at that
        of --track-port, without TLS. Torrents and pages name the URL. Without a URL,
        the tracker is at port 6969, or at that of its socket from systemd. Torrents then name the
        host of --public-url, or else the host by which the client reached the mirror. That tracker
        uses TLS if --tls-cert is given.`,
      {
        isSecret: true,
        excludes: ['trackerless'],
        needs: [
          { oneOf: ['tls-cert', 'trust-proxy'], when: isSecureUrl },
          { oneOf: ['trust-proxy'], when: hasPath },
        ],
        parse: trackUrl,
      },
    )
    .opt(
      '--track-port <n>',
      `listen for the tracker at this port (default: that of its URL; ${TRACKER_PORT} behind a
        proxy)`,
      { needs: TRACK, parse: read.wholeNumber(1, 65_535) },
    )
    .opt('--allowed-dir <dir>', 'track the torrents in this directory, too (repeatable)', {
      takes: 'directory',
      needs: TRACK,
      ...read.collect,
    })
    .opt(...archiveDirOption(TRACK))
    .opt(...bannedIpsOption(TRACK))
    .opt(...bannedListOption(TRACK))
    .optionsGroup('Seed:')
    .opt(
      '--seed',
      `seed every torrent of the mirror whose hashes are known, on all addresses. The addresses of
        --host do not matter. These torrents are those that were asked for, those of --warm and
        those of --torrents. Magnet links then have the parameter 'x.pe' with the host of
        --public-url or of the request, and its IP address, so that a client finds this seed without
        a tracker. A file that changes is withdrawn. A file that changed within the last two seconds
        is seeded when it is older.`,
      OFF,
    )
    .opt(
      '--seed-port <n>',
      `seed at this port, or at the next free one up to 6999. A port above 6999 must be free, or the
        program ends. 0 means any free port.`,
      {
        needs: [{ oneOf: ['seed'], why: 'which listens there', ifTyped: true }],
        parse: read.wholeNumber(0, 65_535),
        default: 6881,
      },
    )
    .opt(
      ...maxUploadRateOption('limit the upload rate of --seed', {
        needs: [{ oneOf: ['seed'], when: (rate) => rate !== 0 }],
      }),
    )
  const site = declareSiteOptions(command, 'the public host')
  const whole = declareAdminOptions(site, { isOwn: true }, TRACK)
    .optionsGroup('Hashing ahead:')
    .opt(
      '--warm <glob>',
      `hash matching files before they are requested, such as /iso/** (repeatable). Another example
        is '/yum/*/Packages/*.rpm'. '**' matches any number of directories; at the end it matches
        all files below. Braces ('*.{iso,img}'), classes and '!(...)' work as in --include of
        btkit-makemetafile(1). A leading dot is matched only by a dot. Empty files, which have no
        torrent, are left out. The newest files are hashed first. The pieces have the length of
        --piece-length. Give 1M if clients use the pkgtorrent protocol. Requests always have
        priority. While the disk of the cache is full, files wait. btkit looks at the
        directories every five minutes. If a look takes more than 15 seconds, the pause is 20 times
        as long as the look. Unchanged files are not read.`,
      globs,
    )
    .opt('--max-rate <size>', 'limit the read rate of --warm per second (default: unlimited)', {
      needs: [{ oneOf: ['warm'], why: 'because requested files are always read at full speed' }],
      parse: read.byteRate,
    })
    .optionsGroup('Hashing, cache and state:')
    .opt(...THREADS)
    .opt(
      '--max-wait <seconds>',
      `answer 503 if a torrent takes longer. The answer has 'Retry-After', and hashing continues. A
        browser gets a page that shows the progress, and then the download.`,
      read.secondsOr(25),
    )
    .opt(...CACHE_DIR)
    .opt(...CACHE_TRUST)
    .opt(
      ...stateDirOption(`save requested sets, swarms and seeded torrents in this directory. The
        default is that of btkit-track(8). The sets of files are those that were requested by the
        pkgtorrent protocol. At most 10000 sets, of 8 MiB, are kept; those that nobody requested for
        the longest time go first. A state directory, a cache, a log file and keys that would be
        published are refused.`),
    )
  return declareShareOptions(whole)
    .optionsGroup('Log:')
    .opt(
      '--log <format>',
      `write the access log in this format. See ACCESS LOG in btkit-serve-http(7). Errors and
        warnings are always printed.`,
      { choices: ['json', 'text', 'off'], default: 'text' },
    )
    .opt(
      '--log-file <file>',
      `append the access log to this file (default: standard error). It is opened again after
        SIGUSR1 and SIGHUP, for logrotate. A link of another user is refused.`,
      FILE,
    )
}

export type ServeOptions = ReturnType<ReturnType<typeof declareServeOptions>['opts']>

export const isSecureUrl = (url: unknown) =>
  typeof url === 'string' && url.startsWith('https:') && url

/** Whether only a proxy can have an announce URL: btkit itself answers at `/announce`. */
export const hasPath = (url: unknown) =>
  typeof url === 'string' && /^https?:\/\/[^/]+\/.+\/announce$/.test(url) && url

/** Refuses an empty host, because Node would listen on all addresses. */
const hosts = read.repeated((text) => {
  const [, host, port] = /^([\w.-]+|\[.*\]):(\d+)$/.exec(text) ?? []
  if (port !== undefined)
    throw new InvalidArgumentError(`has a port; write --host ${host ?? ''} --port ${port}`)
  return [text]
})

const trackers = read.repeated((urls) => read.trackerTiers.parse(urls).flat())

const globs = read.repeated((text) => {
  const fault = patternFault(text)
  if (fault !== null) throw new InvalidArgumentError(fault)
  return [text]
})

/** The announce URL of the tracker in this process; true for the host that clients ask. */
function trackUrl(text: string): TrackerUrl | true {
  // A configuration and the environment have no option without a value
  if (text === 'true' || text === '1') return true
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.port === '0') throw new InvalidArgumentError('Port 0 cannot be used in torrents.')
  const isHttp =
    /^https?:$/.test(url?.protocol ?? '') && url?.pathname.endsWith('/announce') === true
  const isAnnounce = isHttp || (url?.protocol === 'udp:' && url.port !== '')
  const stored = storedUrl(text)
  if (isAnnounce && isTracker(stored)) return stored
  throw new InvalidArgumentError(
    'Not an announce URL such as http://tracker.example:6969/announce.',
  )
}
