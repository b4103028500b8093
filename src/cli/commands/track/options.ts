import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { publicUrl, trustedProxies, workersOption } from '../../arguments/server-options.js'
import * as read from '../../arguments/values.js'

/** Where trackers listen that are not told: the port of old, and the one that others have now. */
const LEGACY_PORT = 80
const PORT = 6969

/** The options of the tracker, each checked as it is read. */
export function declareTrackOptions(isLegacy: boolean) {
  const command = new Command('track')
    .optionsGroup('Where it answers:')
    .option(
      '-p, --port <n>',
      'port, of HTTP and of UDP; 0 for a free one',
      read.wholeNumber(0, 65535),
      isLegacy ? LEGACY_PORT : PORT,
    )
    .option(
      '--host <host>',
      'address to listen on, or the path of a Unix socket (repeatable; default: all)',
      hosts,
      [],
    )
    .option('--tls-cert <file>', 'certificate in PEM: speak TLS, HTTPS alone (not on Unix sockets)')
    .option('--tls-key <file>', 'its key in PEM')
    .addOption(workersOption())
    .option('--no-udp', 'do not track over UDP')
    .optionsGroup('What is tracked:')
    .option('--allowed-dir <dir>', 'track the torrents in it, no others (repeatable)', paths, [])
    .option('--allowed-list <file>', 'track the info hashes in it, one a line')
    .option('--open', 'track any torrent', false)
    .addOption(flag('--allowed-controls', 'obey failures and warnings inside torrents', true))
    .option('--allowed-ips <file>', 'answer these addresses alone')
    .option('--banned-ips <file>', 'do not answer these addresses')
    .addOption(seconds('--parse-dir-interval', 'between looks at all of these', 60))
    .optionsGroup('What is answered:')
    .addOption(seconds('--interval', 'until a client asks again', 1800))
    .option(
      '--min-interval <seconds>',
      'seconds that it waits at least (default: half of that)',
      wholeSeconds,
    )
    .option(
      '--timeout <seconds>',
      'seconds after which a client is gone (default: 2700, or 1.5 times the interval)',
      wholeSeconds,
    )
    .option('--response-size <n>', 'peers in an answer', read.wholeNumber(0, 1000), 50)
    .option('--max-give <n>', 'peers for who asks for more', read.wholeNumber(0, 1000), 200)
    .addOption(flag('--compact-reqd', 'give peers in compact form alone', true))
    .option(
      '--only-local-override-ip <n>',
      'whose ip= counts: 0 that of all, 1 and 2 that of local clients',
      read.wholeNumber(0, 2),
      2,
    )
    .option(
      '--trust-proxy <address>',
      'proxy that is believed whom it asks for; address[/bits] or unix (repeatable)',
      trustedProxies,
      [],
    )
    .option('--public-url <url>', 'address under which clients reach the tracker', publicUrl)
    .addOption(
      new Option('--scrape-allowed <what>', 'what may be scraped')
        .choices(['none', 'specific', 'full'] as const)
        .default('full' as const, 'full'),
    )
    .optionsGroup('Other trackers:')
    .addOption(
      flag('--multitracker-enabled', 'ask the other trackers of torrents for peers', false),
    )
    .addOption(
      new Option('--multitracker-allowed <which>', 'which trackers may ask')
        .choices(['none', 'autodetect', 'all'] as const)
        .default('autodetect' as const, 'autodetect'),
    )
    .addOption(seconds('--multitracker-reannounce-interval', 'between two such calls', 120))
    .option(
      '--multitracker-maxpeers <n>',
      'peers taken from a tracker',
      read.wholeNumber(1, 200),
      20,
    )
    .option('--multitracker-key <file>', 'key that all of these trackers share')
    .option('--aggregate-forward <url>', 'send announces on to it; URL[,PASSWORD]', aggregateUrl)
    .option('--aggregator <0|1|password>', 'take such announces, and give no peers', '0')
    .optionsGroup('Bounds:')
    .option('--max-peers <n>', 'peers in all', read.wholeNumber(1, 2e7), 1_000_000)
    .option('--max-swarms <n>', 'torrents in all', read.wholeNumber(1, 2e7), 200_000)
    .option('--max-per-address <n>', 'peers at one address', read.wholeNumber(1, 65535), 10_000)
    .option(
      '--max-per-address-in-swarm <n>',
      'peers at one address in one swarm',
      read.wholeNumber(1, 65535),
      200,
    )
    .addOption(flag('--keep-dead', 'keep torrents that nobody has any more', false))
    .optionsGroup('State:')
    .option(
      '--state <file>',
      'where swarms are saved (default: tracker.state in the state directory)',
    )
    .option('--state-dir <dir>', 'the state directory')
    .addOption(seconds('--save-interval', 'between two saves', 300))
    .optionsGroup('Page and log:')
    .addOption(flag('--show-infopage', 'show a page of all torrents', true))
    .option('--infopage-redirect <url>', 'have that page elsewhere', redirectUrl)
    .addOption(flag('--show-names', 'show names and sizes on it', true))
    .addOption(flag('--allow-get', 'hand out .torrent files of allowed directories', false))
    .option('--favicon <file>', 'picture for browsers')
    .option('--log-file <file>', 'where the access log goes; - for standard output')
    .addOption(
      new Option('--log <format>', 'access log (default: text with --log-file, else off)').choices([
        'json',
        'text',
        'off',
      ] as const),
    )
    .addOption(flag('--hupmonitor', 'open the log anew on SIGHUP, too', false))
    .addOption(
      new Option('--parse-allowed-interval <minutes>', 'as --parse-dir-interval')
        .argParser((text) => 60_000 * read.wholeNumber(1, 10_000)(text))
        .hideHelp(),
    )
  for (const name of WITHOUT_MEANING) command.addOption(new Option(`${name} <value>`).hideHelp())
  return command
}

export type TrackOptions = ReturnType<ReturnType<typeof declareTrackOptions>['opts']>

/** What bttrack could be told, and what means nothing here. */
const WITHOUT_MEANING = [
  '--nat-check',
  '--log-nat-checks',
  '--socket-timeout',
  '--timeout-check-interval',
  '--min-time-between-log-flushes',
  '--min-time-between-cache-refreshes',
  '--http-timeout',
  '--close-with-rst',
  '--ipv6-enabled',
  '--ipv6-binds-v4',
  '--dedicated-seed-id',
]

/** A switch as bttrack has it: with a value. */
function flag<Flag extends string>(name: Flag, description: string, standard: boolean) {
  return new Option(`${name} <0|1>`, description)
    .argParser(zeroOrOne)
    .default(standard, standard ? '1' : '0')
}

function zeroOrOne(text: string): boolean {
  if (/^[01]$/.test(text)) return text === '1'
  throw new InvalidArgumentError('neither 1 nor 0')
}

/** A length of time in milliseconds. */
function seconds<Flag extends string>(name: Flag, description: string, standard: number) {
  return new Option(`${name} <seconds>`, `seconds ${description}`)
    .argParser((text) => 1000 * wholeSeconds(text))
    .default(1000 * standard, String(standard))
}

const wholeSeconds = read.wholeSeconds(1, 604_800)

/** bttrack has several with commas between them, and takes nothing for all. */
function hosts(text: string, previous: string[]): string[] {
  return [...previous, ...text.split(',').map((host) => host.trim())].filter(Boolean)
}

function paths(text: string, previous: string[]): string[] {
  // bttrack takes nothing for no directory
  return text === '' ? previous : read.collect(text, previous)
}

/** A password, if any, follows the last comma, as in bttrack. */
function aggregateUrl(text: string) {
  if (text === '') return null
  const comma = text.lastIndexOf(',')
  const url = comma === -1 ? text : text.slice(0, comma)
  if (!URL.canParse(url) || !/^https?:/i.test(url) || /[?#]/.test(url)) {
    throw new InvalidArgumentError('Not an http or https URL without a query.')
  }
  return { url, password: comma === -1 ? null : text.slice(comma + 1) }
}

function redirectUrl(text: string): string {
  if (text === '') return text
  // Spelled as it may stand in a header
  if (URL.canParse(text) && /^https?:/i.test(text)) return new URL(text).href
  throw new InvalidArgumentError('Not an http or https URL.')
}
