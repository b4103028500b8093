import type { Command } from '../acting-command.js'
import type { OwnClientSettings } from '../../seeding/clients/own/programs.js'
import { usageError } from '../../base/errors.js'
import { isIP } from 'node:net'
import { InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { transferRate, wholeNumber } from './values.js'
import { type Traits, option } from './option.js'

/** @throws BtkitError `usage` if a range of ports is empty */
export function requirePorts({ minport, maxport }: Pick<OwnClientOptions, 'minport' | 'maxport'>) {
  if (minport <= maxport) return
  throw usageError(`--minport ${minport}: must not be above --maxport ${maxport}`)
}

/** The traditional ports of BitTorrent. */
const PORTS = { first: 6881, last: 6999 }

/** The settings of a client that btkit starts. */
export interface OwnClientOptions extends Omit<OwnClientSettings, 'caCertificates'> {
  /** Path of certificates in PEM. */
  readonly caCert?: string | undefined
}

const OWN = { isForOwnClient: true }

const PORT = { ...OWN, parse: wholeNumber(1, 65535) }

/** Declares the options of commands that start a client of their own, in a group of their own. */
export function declareOwnClientOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('If no client is named:')
    .opt('--minport <n>', 'use ports for peers from this one on', { ...PORT, default: PORTS.first })
    .opt('--maxport <n>', 'use ports for peers up to this one', { ...PORT, default: PORTS.last })
    .opt('--ip <address>', 'announce this address to trackers', { ...OWN, parse: ipAddress })
    .opt('--bind <address>', 'bind to this address', { ...OWN, parse: ipAddress })
    .opt(...maxUploadRateOption('limit the upload rate', OWN))
}

export function maxUploadRateOption(what: string, traits: Traits = {}) {
  return rateOption('--max-upload-rate <rate>', what, traits)
}

export const CA_CERT = option(
  '--ca-cert <file>',
  'trust these certificates (PEM) for HTTPS, instead of those of the system',
  { takes: 'file', ...OWN },
)

/** An option for a rate in bytes per second; 0 for no limit. */
function rateOption<const Flags extends string>(flags: Flags, what: string, traits: Traits) {
  const units = '10M, or a number of KiB a second; 0: unlimited'
  return option(flags, `${what}: ${units}`, { ...traits, parse: transferRate, default: 0 })
}

export const MAX_DOWNLOAD_RATE = rateOption(
  '--max-download-rate <rate>',
  'limit the download rate',
  OWN,
)

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('not an IP address')
}
