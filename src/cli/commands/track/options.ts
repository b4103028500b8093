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
    .opt(
      '-p, --port <n>',
      `listen on this port, for HTTP and UDP; 0: a free one. Under the name bttrack, the default is
        80.`,
      { parse: read.wholeNumber(0, 65535), default: trackPort(isLegacy) },
    )
    .opt(
      '--host <host>',
      `listen on this address or Unix socket (repeatable; default: all). A Unix socket, for HTTP
        only, contains a slash, and its path has at most 107 bytes. A UDP packet is answered from
        the address to which it was sent. Without the accelerator, name each address of a machine
        that has several: clients drop answers from another one. BitTornado's name is --bind.`,
      hosts,
    )
    .opt(...TLS_CERT)
    .opt(...TLS_KEY)
    .opt('--no-udp', 'do not track over UDP')
    .optionsGroup('Tracked torrents and clients:')
    .opt(
      '--allowed-dir <dir>',
      `track only the torrents in this directory and below (repeatable). Hidden files, and
        directories behind symbolic links, are ignored. New torrents are tracked from their first
        announce. A file that is not a torrent is reported once. A copy of a torrent is reported,
        too: pages list only one of the files. When the tracker starts, it listens before all
        torrents are read. Until then, it answers for torrents with saved peers, and asks clients of
        others to come again in a minute. While a directory cannot be read, its torrents are still
        tracked.`,
      { ...DIRECTORY, ...read.collect },
    )
    .opt(...archiveDirOption())
    .opt(
      '--allowed-list <file>',
      `track only the info hashes in this file, one per line. An info hash has 40 hexadecimal
        digits, or 64 for version 2. Text after the info hash, and lines that begin with '#', are
        ignored. With --allowed-dir, both are tracked.`,
      FILE,
    )
    .opt(
      '--open',
      `track all torrents. Under the name bttrack, this is the default, with a warning, unless a
        directory or list is given.`,
      { excludes: ['allowedDir', 'allowedList'], default: false },
    )
    .opt(
      '--no-allowed-controls',
      `ignore failure reasons and warnings in .torrent files. A *failure reason* in a torrent of an
        allowed directory replaces the peers; a *warning message* is added to them.`,
      ofBttrack,
    )
    .opt(
      '--allowed-ips <file>',
      `answer only the addresses in this file. A line is an address, a network such as '10.0.0.0/8',
        or a range such as '10.0.0.1-10.0.0.9', optionally after a name and a colon. An invalid line
        of these lists, such as one of more than 1000 characters, is reported and ignored.`,
      FILE,
    )
    .opt(...bannedIpsOption())
    .opt(...bannedListOption())
    .opt(
      '--parse-dir-interval <seconds>',
      'check these files and directories this often',
      seconds(scanSeconds),
    )
    .optionsGroup('Answers:')
    .opt(
      '--interval <seconds>',
      "make clients announce this often. BitTornado's name is --reannounce-interval.",
      seconds(answers.interval),
    )
    .opt(
      '--min-interval <seconds>',
      'make clients wait at least this long (default: half the interval)',
      { parse: wholeSeconds },
    )
    .opt(
      '--timeout <seconds>',
      `forget a client after this long (default: 2700, or 1.5 times the interval). The longer one
        counts. BitTornado's name is --timeout-downloaders-interval.`,
      { parse: wholeSeconds },
    )
    .opt('--response-size <n>', 'send this many peers if the client does not request a number', {
      parse: peers,
      default: answers.responseSize,
    })
    .opt('--max-give <n>', 'send at most this many peers', {
      parse: peers,
      default: answers.maxGive,
    })
    .opt(
      '--no-compact-reqd',
      `send peers in full form, too, if the client requests it. By default, they are always in
        compact form (BEP 23).`,
      ofBttrack,
    )
    .opt(
      '--only-local-override-ip <n>',
      `accept ip= from all clients (0), or from private networks (1, 2). It is a parameter of
        announces. With 0, anybody can direct clients to any address. An accepted address must be
        one that --allowed-ips and --banned-ips permit.`,
      { parse: read.wholeNumber(0, 2), default: 2 },
    )
    .opt(...TRUST_PROXY)
    .opt(
      '--public-url <url>',
      `use this address of the tracker in magnet links. It is the 'Host' of the request by default.
        The links of public torrents have their other trackers and their web seeds, too, and with
        --allow-get the .torrent.`,
      { parse: publicUrl },
    )
    .opt(
      '--scrape-allowed <what>',
      `allow no scrapes, only those of named torrents, or all. The full scrape is made at most once
        a minute.`,
      { choices: ['none', 'specific', 'full'], default: 'full' },
    )
    .optionsGroup('Limits:')
    .opt(
      '--max-peers <n>',
      `limit all peers. If an open tracker is full, it first replaces the torrents that were without
        peers for the longest time. Then it replaces peers of the network (IPv4 /24 or IPv6 /48)
        that has most peers. A new peer is refused if its own network already has as many.`,
      { parse: read.wholeNumber(1, 2e7), default: limits.maxPeers },
    )
    .opt('--max-swarms <n>', 'limit all torrents', {
      parse: read.wholeNumber(1, 2e7),
      default: limits.maxSwarms,
    })
    .opt('--max-per-address <n>', 'limit the peers at one IPv4 address or IPv6 /64', {
      parse: read.wholeNumber(1, 65535),
      default: limits.maxPerAddress,
    })
    .opt('--max-per-address-in-swarm <n>', 'limit the peers at one address in one swarm', {
      parse: read.wholeNumber(1, 65535),
      default: limits.maxPerAddressInSwarm,
    })
    .opt(
      '--keep-dead',
      `keep torrents without peers. They stay in scrapes and on the page of an open tracker. By
        default, only those that were downloaded do.`,
      { ...ofBttrack, default: false },
    )
    .optionsGroup('State:')
    .opt(
      '--state <file>',
      `save peers and counts in this file (default: tracker.state in the state directory). See
        STATE. BitTornado's name is --dfile.`,
      { takes: 'file', isForLegacy: true, insteadOf: '--state-dir' },
    )
    .opt(
      ...stateDirOption('use this state directory. The default is that of btkit-completedir(1).'),
    )
    .opt(
      '--save-interval <seconds>',
      "save this often, and at the end. BitTornado's name is --save-dfile-interval.",
      { ...seconds(saveInterval / 1000), ...ofBttrack },
    )
  const whole = declareAdminOptions(declareSiteOptions(command, 'btkit'))
    .optionsGroup('Several trackers:')
    .opt(
      '--store <url>',
      `share swarms through this Redis; file:PATH reads the URL. It may be Valkey, too. The trackers
        trade peers once a second. The URL is 'redis://user:password@host:port/db', of which only
        the host is needed, or begins with 'rediss://', 'redis+unix://', 'redis+sentinel://' or
        'redis+cluster://'. A URL with a password belongs in a file, in the configuration, or in the
        variable BTKIT_TRACK_STORE. Each tracker has all swarms in its own memory, and answers
        without Redis. It accepts only those peers of other trackers that its own lists of torrents
        and addresses and its own limits allow. A tracker that cannot reach Redis warns and goes on
        alone. When Redis is back, the trackers trade what they saw meanwhile.`,
      { isSecret: true },
    )
    .opt(
      '--store-key-file <file>',
      `accept UDP clients of other trackers with this key. All these trackers have the key in this
        file. The key has at least 16 characters. The clocks of these trackers must agree within a
        minute. Without a key a UDP client must connect again if it reaches another tracker.`,
      FILE,
    )
    .optionsGroup('Page and log:')
    .opt('--no-show-infopage', 'show no page of all torrents')
    .opt('--infopage-redirect <url>', 'redirect the page to this URL', {
      ...ofBttrack,
      parse: redirectUrl,
    })
    .opt(
      '--catalogue <where>',
      `show torrents by directory, or not. The catalogue has the torrents in allowed directories, and
        / leads to it; 'front' is the same as 'on'.`,
      { choices: ['on', 'front', 'off'], default: 'on' },
    )
    .opt(
      '--no-show-names',
      'omit names and sizes of torrents in allowed directories, and the catalogue',
      ofBttrack,
    )
    .opt('--allow-get', 'serve the .torrent files of allowed directories', OFF)
    .opt('--favicon <file>', 'serve this icon to browsers (default: the logo)', FILE)
    .opt(
      '--log-file <file>',
      `append the access log to this file; - is standard output. The default is standard error. It
        is opened again after SIGUSR1 and SIGHUP. BitTornado's name is --logfile.`,
      FILE,
    )
    .opt(
      '--log <format>',
      `write the access log of HTTP in this format (default: text with --log-file, else off). A line
        ends with the reason if the request is refused.`,
      { choices: ['json', 'text', 'off'] },
    )
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
