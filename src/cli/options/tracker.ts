import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { Command } from '../acting-command.js'
import {
  archiveDirOption,
  bannedIpsOption,
  bannedListOption,
  declareAdminOptions,
  declareSiteOptions,
  paths,
  publicUrl,
  trustedProxies,
  WEB_TORRENT,
} from './server.js'
import * as read from './values.js'
import { DIRECTORY, FILE, Opt } from './option.js'
import { stateDirOption } from './reading.js'
import { USUAL } from '../../tracker/app/settings.js'

const { allowed, answers, limits, saveInterval } = USUAL
const scanSeconds = allowed.interval / 1000
const peers = read.wholeNumber(0, 1000)

/** The default port: bttrack's, or the usual one of today's trackers. */
export const trackPort = (isLegacy: boolean): number => (isLegacy ? 80 : 6969)

/** The options of `track`. Each is validated when it is parsed. */
export function declareTrackOptions(isLegacy: boolean) {
  /** An option that only users of bttrack know. */
  const ofBttrack = <const Flags extends string>(flags: Flags, description: string) =>
    new Option(flags, description).hideHelp(!isLegacy)
  const command = new Command('track')
    .optionsGroup('Addresses:')
    .option(
      '-p, --port <n>',
      'listen on this port, for HTTP and UDP; 0: a free one',
      read.wholeNumber(0, 65535),
      trackPort(isLegacy),
    )
    .option(
      '--host <host>',
      'listen on this address or Unix socket (repeatable; default: all)',
      hosts,
      [],
    )
    .addOption(new Opt('--tls-cert <file>', 'use TLS with this certificate (PEM)', FILE))
    .addOption(new Opt('--tls-key <file>', 'use this key for TLS (PEM)', FILE))
    .option('--no-udp', 'do not track over UDP')
    .option('--web-torrent', WEB_TORRENT, false)
    .optionsGroup('Tracked torrents and clients:')
    .addOption(
      new Opt(
        '--allowed-dir <dir>',
        'track only the torrents in this directory (repeatable)',
        DIRECTORY,
      )
        .argParser(paths)
        .default([]),
    )
    .addOption(archiveDirOption())
    .addOption(new Opt('--allowed-list <file>', 'track only the info hashes in this file', FILE))
    .addOption(
      new Opt('--open', 'track all torrents', { excludes: ['allowedDir', 'allowedList'] }).default(
        false,
      ),
    )
    .addOption(
      ofBttrack('--no-allowed-controls', 'ignore failure reasons and warnings in .torrent files'),
    )
    .addOption(new Opt('--allowed-ips <file>', 'answer only the addresses in this file', FILE))
    .addOption(bannedIpsOption())
    .addOption(bannedListOption())
    .addOption(
      seconds('--parse-dir-interval', 'check these files and directories this often', scanSeconds),
    )
    .optionsGroup('Answers:')
    .addOption(seconds('--interval', 'make clients announce this often', answers.interval))
    .option(
      '--min-interval <seconds>',
      'make clients wait at least this long (default: half the interval)',
      wholeSeconds,
    )
    .option(
      '--timeout <seconds>',
      'forget a client after this long (default: 2700, or 1.5 times the interval)',
      wholeSeconds,
    )
    .option('--response-size <n>', 'send this many peers', peers, answers.responseSize)
    .option('--max-give <n>', 'send at most this many peers', peers, answers.maxGive)
    .addOption(ofBttrack('--no-compact-reqd', 'send peers in full form, too'))
    .addOption(
      new Option(
        '--only-local-override-ip <n>',
        'accept ip= from all clients (0), or from private networks (1, 2)',
      )
        .argParser(read.wholeNumber(0, 2))
        .default(2),
    )
    .option(
      '--trust-proxy <address>',
      'trust X-Forwarded-For from this address[/bits] or unix (repeatable)',
      trustedProxies,
      [],
    )
    .option('--public-url <url>', 'use this address of the tracker in magnet links', publicUrl)
    .addOption(
      new Option('--scrape-allowed <what>', 'allow these scrapes')
        .choices(['none', 'specific', 'full'] as const)
        .default('full' as const, 'full'),
    )
    .optionsGroup('Limits:')
    .option('--max-peers <n>', 'limit all peers', read.wholeNumber(1, 2e7), limits.maxPeers)
    .addOption(
      new Option('--max-swarms <n>', 'limit all torrents')
        .argParser(read.wholeNumber(1, 2e7))
        .default(limits.maxSwarms),
    )
    .addOption(
      new Option('--max-per-address <n>', 'limit the peers at one address')
        .argParser(read.wholeNumber(1, 65535))
        .default(limits.maxPerAddress),
    )
    .addOption(
      new Option('--max-per-address-in-swarm <n>', 'limit the peers at one address in one swarm')
        .argParser(read.wholeNumber(1, 65535))
        .default(limits.maxPerAddressInSwarm),
    )
    .addOption(ofBttrack('--keep-dead', 'keep torrents without peers').default(false))
    .optionsGroup('State:')
    .addOption(
      new Opt(
        '--state <file>',
        'save peers and counts in this file (default: tracker.state in the state directory)',
        { takes: 'file', isForLegacy: true, insteadOf: '--state-dir' },
      ),
    )
    .addOption(stateDirOption('use this state directory'))
    .addOption(
      seconds('--save-interval', 'save this often', saveInterval / 1000).hideHelp(!isLegacy),
    )
  const whole = declareAdminOptions(declareSiteOptions(command, 'btkit'))
    .optionsGroup('Several trackers:')
    .addOption(
      new Opt('--store <url>', 'share swarms through this Redis; file:PATH reads the URL', {
        isSecret: true,
      }),
    )
    .addOption(
      new Opt(
        '--share-key-file <file>',
        'accept UDP clients of other trackers with this key',
        FILE,
      ),
    )
    .optionsGroup('Page and log:')
    .option('--no-show-infopage', 'show no page of all torrents')
    .addOption(
      ofBttrack('--infopage-redirect <url>', 'redirect the page to this URL').argParser(
        redirectUrl,
      ),
    )
    .addOption(
      new Option(
        '--catalogue <where>',
        'show torrents by directory, also as the front page, or not',
      )
        .choices(['on', 'front', 'off'] as const)
        .default('on' as const, 'on'),
    )
    .addOption(ofBttrack('--no-show-names', 'omit names and sizes on the page'))
    .option('--allow-get', 'serve the .torrent files of allowed directories', false)
    .addOption(new Opt('--favicon <file>', 'serve this icon to browsers (default: the logo)', FILE))
    .addOption(
      new Opt(
        '--log-file <file>',
        'append the access log to this file; - is standard output',
        FILE,
      ),
    )
    .addOption(
      new Option(
        '--log <format>',
        'write the access log (default: text with --log-file, else off)',
      ).choices(['json', 'text', 'off'] as const),
    )
    .addOption(
      new Option('--parse-allowed-interval <minutes>', 'as --parse-dir-interval')
        .argParser((text) => 60_000 * read.wholeNumber(1, 10_000)(text))
        .hideHelp(),
    )
  return whole
}

export type TrackOptions = ReturnType<ReturnType<typeof declareTrackOptions>['opts']>

/** An option for a duration, in milliseconds. */
function seconds<Flag extends string>(name: Flag, description: string, standard: number) {
  return new Option(`${name} <seconds>`, description)
    .argParser((text) => 1000 * wholeSeconds(text))
    .default(1000 * standard, String(standard))
}

const wholeSeconds = read.wholeSeconds(1, 604_800)

/** Like bttrack, accepts several hosts separated by commas, and an empty text for all. */
const hosts = read.repeated((text) => {
  return text
    .split(',')
    .map((host) => host.trim())
    .filter(Boolean)
})

function redirectUrl(text: string): string {
  if (text === '') return text
  // In the spelling that is valid in a header
  if (URL.canParse(text) && /^https?:/i.test(text)) return new URL(text).href
  throw new InvalidArgumentError('Not an http or https URL.')
}
