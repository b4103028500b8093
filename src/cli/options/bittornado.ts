// Options that exist only for the users and scripts of other programs, above all of BitTornado: other
// names of btkit's options, switches with 0 and 1, and options that are accepted and ignored.
import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'

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

/** Options of BitTornado's downloaders that today's clients decide for themselves. */
const WITHOUT_MEANING = [
  '--max-uploads',
  '--keepalive-interval',
  '--download-slice-size',
  '--upload-unit-size',
  '--request-backlog',
  '--max-message-length',
  '--timeout',
  '--timeout-check-interval',
  '--max-slice-length',
  '--max-rate-period',
  '--upload-rate-fudge',
  '--tcp-ack-fudge',
  '--rerequest-interval',
  '--min-peers',
  '--http-timeout',
  '--max-initiate',
  '--max-connections',
  '--alloc-type',
  '--alloc-rate',
  '--buffer-reads',
  '--write-buffer-size',
  '--snub-time',
  '--random-port',
  '--selector-enabled',
  '--expire-cache-data',
  '--priority',
  '--ipv6-enabled',
  '--ipv6-binds-v4',
  '--upnp-nat-access',
  '--breakup-seed-bitfield',
  '--spew',
  '--rarest-first-cutoff',
  '--rarest-first-priority-cutoff',
  '--min-uploads',
  '--max-files-open',
  '--round-robin-period',
  '--super-seeder',
  '--security',
  '--auto-kick',
  '--double-check',
  '--triple-check',
  '--lock-files',
  '--lock-while-reading',
  '--auto-flush',
  '--dedicated-seed-id',
]

/**
 * Declares the obsolete options of BitTornado, each with a value. They are accepted and ignored.
 */
export function takeOldOptions(command: CommandUnknownOpts): void {
  take(WITHOUT_MEANING, command)
}

/** Declares the obsolete options of bttrack, each with a value. */
export function takeOldTrackerOptions(command: CommandUnknownOpts): void {
  take([...WITHOUT_MEANING_FOR_TRACKERS, ...OTHER_TRACKERS], command)
}

/** Declares the obsolete options of BitTornado's makers of torrents, whose names are UTF-8 now. */
export function takeOldMakerOptions(command: CommandUnknownOpts): void {
  take(['--filesystem-encoding'], command)
}

function take(names: readonly string[], command: CommandUnknownOpts): void {
  for (const name of names) command.addOption(new Option(`${name} <value>`).hideHelp())
}

/** The obsolete options that were given. */
export function givenOldOptions(options: Readonly<Record<string, unknown>>): string[] {
  return WITHOUT_MEANING.filter((name) => options[new Option(name).attributeName()] !== undefined)
}

/** Options of bttrack that are accepted and ignored. */
const WITHOUT_MEANING_FOR_TRACKERS = [
  '--nat-check',
  '--log-nat-checks',
  '--socket-timeout',
  '--timeout-check-interval',
  '--min-time-between-log-flushes',
  '--min-time-between-cache-refreshes',
  '--hupmonitor',
  '--http-timeout',
  '--close-with-rst',
  '--ipv6-enabled',
  '--ipv6-binds-v4',
  '--dedicated-seed-id',
]

/** Options by which trackers of bttrack traded peers. Each is accepted with a warning. */
const OTHER_TRACKERS = [
  '--multitracker-enabled',
  '--multitracker-allowed',
  '--multitracker-reannounce-interval',
  '--multitracker-maxpeers',
  '--multitracker-key',
  '--aggregate-forward',
  '--aggregator',
]

/** The options for other trackers that were given. */
export function givenOtherTrackers(command: CommandUnknownOpts): string[] {
  return OTHER_TRACKERS.filter((name) => {
    return command.getOptionValueSource(new Option(name).attributeName()) !== undefined
  })
}
