import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'

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
  for (const name of WITHOUT_MEANING) command.addOption(new Option(`${name} <value>`).hideHelp())
}

/** The obsolete options that were given. */
export function givenOldOptions(options: Readonly<Record<string, unknown>>): string[] {
  return WITHOUT_MEANING.filter((name) => options[new Option(name).attributeName()] !== undefined)
}
