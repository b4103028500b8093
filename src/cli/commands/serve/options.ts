import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { checkTracker } from '../../../metainfo/trackers.js'
import { checkPattern } from '../../../mirror/warm/path-patterns.js'
import { cacheDirOption, cacheTrustOption, unusedForOption } from '../../arguments/cache-options.js'
import { moment } from '../../arguments/date.js'
import { threadsOption } from '../../arguments/engine-options.js'
import { publicUrl, trustedProxies, workersOption } from '../../arguments/server-options.js'
import * as read from '../../arguments/values.js'

/** Where the trackers are read from, unless the command line says otherwise. */
export const TRACKERS_FILE = '/var/lib/torrent_service/trackers'

/** The options of the service, each checked as it is read. */
export function declareServeOptions() {
  return new Command('serve')
    .option('-p, --port <n>', 'port; 0 for a free one', read.wholeNumber(0, 65535), 8080)
    .option(
      '--host <host>',
      'address to listen on, or the path of a Unix socket (repeatable; default: 127.0.0.1)',
      hosts,
      [],
    )
    .option('--tls-cert <file>', 'certificate in PEM: speak TLS, HTTPS alone (not on Unix sockets)')
    .option('--tls-key <file>', 'its key in PEM')
    .option('--trackers <file>', `announce URLs, one a line (default: ${TRACKERS_FILE})`)
    .option('--tracker <url>', 'tracker, instead of that file (repeatable)', trackers, [])
    .option('--track <url>', 'track the torrents too, at this announce URL', trackUrl)
    .option('--allowed-dir <dir>', 'and the torrents in it (repeatable)', read.collect, [])
    .option('--state-dir <dir>', 'where the swarms are saved with --track')
    .option('--trackerless', 'make torrents without trackers', false)
    .option('--public-url <url>', 'address under which clients reach the root', publicUrl)
    .option('--web-seed <url>', "another mirror's address of the root (repeatable)", read.seeds, [])
    .addOption(
      new Option('--service-name <name>', 'last segment of the mount')
        .argParser(serviceName)
        .default('torrent_service', 'torrent_service'),
    )
    .addOption(
      new Option('--pad-files <kind>', 'how padding is told; bep47 changes the info hash')
        .choices(['nullfile', 'bep47'] as const)
        .default('nullfile' as const, 'nullfile'),
    )
    .addOption(
      new Option(
        '--piece-length <size>',
        "piece length of torrents that are not the protocol's, such as 1M, or auto",
      )
        .argParser(read.pieceLength)
        .default<number | 'auto'>('auto', 'auto'),
    )
    .option(
      '--torrents <dir>',
      'give the torrents that lie there to files whose pieces they have (repeatable)',
      read.collect,
      [],
    )
    .option('--follow-symlinks', 'follow links that lead out of the root', false)
    .option('--hidden', 'publish hidden files as well', false)
    .option('--no-files', 'do not serve the files themselves')
    .option('--no-listings', 'no pages of directories')
    .option(
      '--trust-proxy <address>',
      'proxy that is believed whom it asks for; address[/bits] or unix (repeatable)',
      trustedProxies,
      [],
    )
    .option('--max-paths <n>', 'paths in one form', read.wholeNumber(1, 1e6), 10_000)
    .option(
      '--max-matches <n>',
      'files that one request may come to',
      read.wholeNumber(1, 1e6),
      10_000,
    )
    .option(
      '--max-files <n>',
      'files and directories in the torrent of a directory',
      read.wholeNumber(1, 1e6),
      10_000,
    )
    .addOption(
      new Option('--max-size <size>', 'bytes of the torrent of a directory')
        .argParser(read.sizeLimit)
        .default(2 ** 40, '1TiB'),
    )
    .addOption(
      new Option('--max-body <size>', 'bytes of a form')
        .argParser(read.sizeLimit)
        .default(2 * 2 ** 20, '2MiB'),
    )
    .option('--max-planning <n>', 'requests planned at once', read.wholeNumber(1, 256), 4)
    .option(
      '--max-per-client <n>',
      'torrents that one client has begun at once',
      read.wholeNumber(1, 1e6),
      64,
    )
    .option(
      '--rate-limit <n>',
      'sets and patterns a minute for one client; 0: any number',
      read.wholeNumber(0, 1e6),
      600,
    )
    .option('--warm <glob>', 'hash files ahead that match, such as /iso/** (repeatable)', globs, [])
    .option('--max-rate <size>', 'read no more bytes a second than that for --warm', read.byteRate)
    .option(
      '--feed-since <when>',
      'leave out of the feed files that are older: 2026-11-20, 2026-11-20T12:00Z (default: none)',
      moment,
    )
    .addOption(secondsOption('--warm-interval', 'seconds between two looks at all of --warm', 300))
    .option('--max-hashing <n>', 'hash jobs at once', read.wholeNumber(1, 256), 4)
    .addOption(secondsOption('--wait', 'seconds that a request waits for hashing', 25))
    .addOption(secondsOption('--header-timeout', 'seconds for the headers to come', 10))
    .addOption(secondsOption('--body-timeout', 'seconds for the body to come', 30))
    .addOption(threadsOption())
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
    .option('--cache-max-size <size>', 'how large the cache may become', read.byteSize)
    .addOption(unusedForOption('what was unused that long leaves the cache'))
    .addOption(workersOption())
    .option('--log-file <file>', 'where the access log goes, instead of standard error')
    .addOption(
      new Option('--log <format>', 'access log')
        .choices(['json', 'text', 'off'] as const)
        .default('text' as const, 'text'),
    )
}

export type ServeOptions = ReturnType<ReturnType<typeof declareServeOptions>['opts']>

function secondsOption<Flag extends string>(flag: Flag, description: string, standard: number) {
  return new Option(`${flag} <seconds>`, description)
    .argParser(read.seconds)
    .default(standard * 1000, String(standard))
}

/** Node would take no host for all of them. */
function hosts(text: string, previous: string[]): string[] {
  if (text !== '') return read.collect(text, previous)
  throw new InvalidArgumentError('Not a host, nor a path.')
}

function trackers(url: string, previous: string[]): string[] {
  return read.collect(read.checked(checkTracker)(url), previous)
}

function globs(text: string, previous: string[]): string[] {
  return read.collect(read.checked(checkPattern)(text), previous)
}

/** An announce URL of a tracker that is to be here. */
function trackUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.port === '0')
    throw new InvalidArgumentError('Port 0 is no port that torrents could name.')
  const isHttp = /^https?:$/.test(url?.protocol ?? '') && url?.pathname === '/announce'
  if (isHttp || (url?.protocol === 'udp:' && url.port !== '')) return text
  throw new InvalidArgumentError('Not such as http://tracker.example:6969/announce.')
}

function serviceName(text: string): string {
  if (/^[\w~-][\w.~-]{0,99}$/.test(text)) return text
  throw new InvalidArgumentError('Not a plain name: letters, digits, and _ - . ~ alone.')
}
