import { InvalidArgumentError } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import {
  archiveDirOption,
  bannedIpsOption,
  bannedListOption,
  declareAdminOptions,
  declareSiteOptions,
  publicUrl,
  TLS_CERT,
  TLS_KEY,
  WEB_TORRENT,
  TRUST_PROXY,
} from '../../options/server.js'
import * as read from '../../options/values.js'
import { DIRECTORY, FILE, OFF } from '../../options/option.js'
import { stateDirOption } from '../../options/reading.js'
import { USUAL } from '../../../tracker/app/settings.js'

const { allowed, answers, limits, saveInterval } = USUAL
const scanSeconds = allowed.interval / 1000
const peers = read.wholeNumber(0, 1000)

/** The default port: bttrack's, or the usual one of today's trackers. */
export const trackPort = (isLegacy: boolean): number => (isLegacy ? 80 : 6969)

/** The options of `track`. Each is validated when it is parsed. */
export function declareTrackOptions(isLegacy: boolean) {
  /** Options that only users of bttrack know. */
  const ofBttrack = { isHidden: !isLegacy }
  const command = new Command('track')
    .optionsGroup('Addresses:')
    .opt('-p, --port <n>', 'listen on this port, for HTTP and UDP; 0: a free one', {
      parse: read.wholeNumber(0, 65535),
      default: trackPort(isLegacy),
    })
    .opt('--host <host>', 'listen on this address or Unix socket (repeatable; default: all)', hosts)
    .opt(...TLS_CERT)
    .opt(...TLS_KEY)
    .opt('--no-udp', 'do not track over UDP')
    .opt('--web-torrent', WEB_TORRENT, OFF)
    .optionsGroup('Tracked torrents and clients:')
    .opt('--allowed-dir <dir>', 'track only the torrents in this directory (repeatable)', {
      ...DIRECTORY,
      ...read.collect,
    })
    .opt(...archiveDirOption())
    .opt('--allowed-list <file>', 'track only the info hashes in this file', FILE)
    .opt('--open', 'track all torrents', {
      excludes: ['allowedDir', 'allowedList'],
      default: false,
    })
    .opt(
      '--no-allowed-controls',
      'ignore failure reasons and warnings in .torrent files',
      ofBttrack,
    )
    .opt('--allowed-ips <file>', 'answer only the addresses in this file', FILE)
    .opt(...bannedIpsOption())
    .opt(...bannedListOption())
    .opt(
      '--parse-dir-interval <seconds>',
      'check these files and directories this often',
      seconds(scanSeconds),
    )
    .optionsGroup('Answers:')
    .opt('--interval <seconds>', 'make clients announce this often', seconds(answers.interval))
    .opt(
      '--min-interval <seconds>',
      'make clients wait at least this long (default: half the interval)',
      { parse: wholeSeconds },
    )
    .opt(
      '--timeout <seconds>',
      'forget a client after this long (default: 2700, or 1.5 times the interval)',
      { parse: wholeSeconds },
    )
    .opt('--response-size <n>', 'send this many peers', {
      parse: peers,
      default: answers.responseSize,
    })
    .opt('--max-give <n>', 'send at most this many peers', {
      parse: peers,
      default: answers.maxGive,
    })
    .opt('--no-compact-reqd', 'send peers in full form, too', ofBttrack)
    .opt(
      '--only-local-override-ip <n>',
      'accept ip= from all clients (0), or from private networks (1, 2)',
      { parse: read.wholeNumber(0, 2), default: 2 },
    )
    .opt(...TRUST_PROXY)
    .opt('--public-url <url>', 'use this address of the tracker in magnet links', {
      parse: publicUrl,
    })
    .opt('--scrape-allowed <what>', 'allow these scrapes', {
      choices: ['none', 'specific', 'full'],
      default: 'full',
    })
    .optionsGroup('Limits:')
    .opt('--max-peers <n>', 'limit all peers', {
      parse: read.wholeNumber(1, 2e7),
      default: limits.maxPeers,
    })
    .opt('--max-swarms <n>', 'limit all torrents', {
      parse: read.wholeNumber(1, 2e7),
      default: limits.maxSwarms,
    })
    .opt('--max-per-address <n>', 'limit the peers at one address', {
      parse: read.wholeNumber(1, 65535),
      default: limits.maxPerAddress,
    })
    .opt('--max-per-address-in-swarm <n>', 'limit the peers at one address in one swarm', {
      parse: read.wholeNumber(1, 65535),
      default: limits.maxPerAddressInSwarm,
    })
    .opt('--keep-dead', 'keep torrents without peers', { ...ofBttrack, default: false })
    .optionsGroup('State:')
    .opt(
      '--state <file>',
      'save peers and counts in this file (default: tracker.state in the state directory)',
      { takes: 'file', isForLegacy: true, insteadOf: '--state-dir' },
    )
    .opt(...stateDirOption('use this state directory'))
    .opt('--save-interval <seconds>', 'save this often', {
      ...seconds(saveInterval / 1000),
      ...ofBttrack,
    })
  const whole = declareAdminOptions(declareSiteOptions(command, 'btkit'))
    .optionsGroup('Several trackers:')
    .opt('--store <url>', 'share swarms through this Redis; file:PATH reads the URL', {
      isSecret: true,
    })
    .opt('--store-key-file <file>', 'accept UDP clients of other trackers with this key', FILE)
    .optionsGroup('Page and log:')
    .opt('--no-show-infopage', 'show no page of all torrents')
    .opt('--infopage-redirect <url>', 'redirect the page to this URL', {
      ...ofBttrack,
      parse: redirectUrl,
    })
    .opt('--catalogue <where>', 'show torrents by directory, also as the front page, or not', {
      choices: ['on', 'front', 'off'],
      default: 'on',
    })
    .opt('--no-show-names', 'omit names and sizes on the page', ofBttrack)
    .opt('--allow-get', 'serve the .torrent files of allowed directories', OFF)
    .opt('--favicon <file>', 'serve this icon to browsers (default: the logo)', FILE)
    .opt('--log-file <file>', 'append the access log to this file; - is standard output', FILE)
    .opt('--log <format>', 'write the access log (default: text with --log-file, else off)', {
      choices: ['json', 'text', 'off'],
    })
    .opt('--parse-allowed-interval <minutes>', 'as --parse-dir-interval', {
      parse: (text) => 60_000 * read.wholeNumber(1, 10_000)(text),
      isHidden: true,
    })
  return whole
}

export type TrackOptions = ReturnType<ReturnType<typeof declareTrackOptions>['opts']>

/** A duration in milliseconds, with a default in seconds. */
function seconds(standard: number) {
  return {
    parse: (text: string) => 1000 * wholeSeconds(text),
    default: 1000 * standard,
    defaultText: String(standard),
  }
}

const wholeSeconds = read.wholeSeconds(1, 604_800)

/** Like bttrack, accepts several hosts separated by commas. */
const hosts = read.repeated((text) => {
  return text
    .split(',')
    .map((host) => host.trim())
    .filter(Boolean)
})

function redirectUrl(text: string): string {
  // In the spelling that is valid in a header
  if (URL.canParse(text) && /^https?:/i.test(text)) return new URL(text).href
  throw new InvalidArgumentError('Not an http or https URL.')
}
