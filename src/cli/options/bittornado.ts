// Options that exist only for the users and scripts of other programs, above all of BitTornado:
// other names of btkit's options, switches with 0 and 1, and options that are accepted and ignored.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Given } from './given.js'
import { Opt, type OptionEntry } from './option.js'

/** Option names of other commands and programs, with btkit's names for them, without hyphens. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['target', 'output'],
  ['output-dir', 'output'],
  ['saveas', 'output'],
  ['tracker', 'announce'],
  ['announce', 'tracker'],
  ['httpseeds', 'http-seed'],
  ['http-seeds', 'http-seed'],
  ['all', 'hidden'],
  ['piece-size', 'piece-length'],
  ['max-piece-size', 'max-piece-length'],
  ['min-piece-size', 'min-piece-length'],
  ['target-piece-count', 'target-pieces'],
  ['data', 'in'],
  ['in', 'data'],
  // Names of bttrack
  ['bind', 'host'],
  ['dfile', 'state'],
  ['logfile', 'log-file'],
  ['reannounce-interval', 'interval'],
  ['timeout-downloaders-interval', 'timeout'],
  ['timeout-downloaders', 'timeout'],
  ['save-dfile-interval', 'save-interval'],
])

/** The names of options in other commands and programs. */
export const NAMES_ELSEWHERE: readonly string[] = [...OTHER_NAMES.keys()]

/** btkit's possible names for another program's option. */
export function otherNames(key: string): string[] {
  return [OTHER_NAMES.get(key) ?? []].flat()
}

/** Switches that take 0 or 1 in BitTornado. */
export const TRUTHS: ReadonlySet<string> = new Set([
  '--check-hashes',
  '--allowed-controls',
  '--compact-reqd',
  '--keep-dead',
  '--show-infopage',
  '--show-names',
  '--allow-get',
])

/** Options whose default BitTornado prints as an empty text, by btkit's names. */
const EMPTY_BY_DEFAULT: ReadonlySet<string> = new Set(
  `announce-list http-seed comment output saveas ip bind host responsefile url state allowed-dir allowed-list
  infopage-redirect favicon allowed-ips banned-ips log-file`.split(/\s+/),
)

/** Whether an option of an old name has the empty value that stands for none. */
export function isNone({ entry, uses }: Given): boolean {
  const value = uses.at(-1)?.value
  return EMPTY_BY_DEFAULT.has(entry.key) && value?.kind === 'text' && value.text === ''
}

/** The commands that have obsolete options; `make` is for all that make torrents. */
type OldCommand = 'make' | 'track' | 'launchmany' | 'download'

/** Options of BitTornado's downloaders that today's clients decide for themselves. */
const DECIDED_BY_CLIENTS = [
  `max-uploads keepalive-interval download-slice-size upload-unit-size request-backlog
    max-message-length random-port crypto-allowed crypto-only crypto-stealth selector-enabled
    expire-cache-data priority timeout timeout-check-interval max-slice-length max-rate-period`,
  `ipv6-enabled ipv6-binds-v4 upnp-nat-access upload-rate-fudge tcp-ack-fudge
    rerequest-interval min-peers http-timeout max-initiate alloc-type alloc-rate buffer-reads
    write-buffer-size breakup-seed-bitfield snub-time spew rarest-first-cutoff`,
  `rarest-first-priority-cutoff min-uploads max-files-open round-robin-period super-seeder
    security max-connections auto-kick double-check triple-check lock-files lock-while-reading
    auto-flush dedicated-seed-id`,
].join(' ')

const OF_DOWNLOADERS = {
  'clients decide that themselves': DECIDED_BY_CLIENTS,
  'options are not saved': 'save-options',
}

/**
 * The obsolete options of BitTornado's programs, by the reason. They are accepted with any value, reported in
 * one line, and ignored. A command has all other options of its old programs. The guide has the same table.
 */
export const IGNORED: Readonly<Record<OldCommand, Readonly<Record<string, string>>>> = {
  make: { 'names are UTF-8': 'filesystem-encoding' },
  track: {
    'the tracker decides that itself': `socket-timeout timeout-check-interval nat-check log-nat-checks
      min-time-between-log-flushes min-time-between-cache-refreshes http-timeout hupmonitor close-with-rst
      ipv6-enabled ipv6-binds-v4 dedicated-seed-id`,
    'trackers share peers with --store': `multitracker-enabled multitracker-allowed
      multitracker-reannounce-interval multitracker-maxpeers multitracker-key aggregate-forward aggregator`,
  },
  launchmany: {
    ...OF_DOWNLOADERS,
    'nothing is downloaded': 'max-download-rate',
    'torrents are shown by name': 'display-path',
    'all torrents are in the directory': 'responsefile url',
  },
  download: OF_DOWNLOADERS,
}

/** Declares the obsolete options of a command, each with a value. */
export function takeOldOptions(of: OldCommand, command: CommandUnknownOpts): void {
  for (const [isIgnored, names] of Object.entries(IGNORED[of])) {
    for (const name of names.split(/\s+/))
      command.addOption(new Opt(`--${name} <value>`, isIgnored, { isIgnored }).hideHelp())
  }
}

/** A line about the ignored ones of given options, with the reasons; null if there are none. */
export function ignoredLine(given: readonly OptionEntry[]): string | null {
  const names = new Map<string, string[]>()
  for (const { key, traits } of given) {
    const { isIgnored } = traits
    if (isIgnored !== undefined) names.set(isIgnored, [...(names.get(isIgnored) ?? []), `--${key}`])
  }
  const groups = [...names].map(([why, those]) => `${those.join(', ')} (${why})`)
  return groups.length > 0 ? `ignored: ${groups.join('; ')}` : null
}
