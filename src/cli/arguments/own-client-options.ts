import { isIP } from 'node:net'
import {
  InvalidArgumentError,
  Option,
  type Command,
  type OptionValues,
} from '@commander-js/extra-typings'
import { wholeNumber } from './values.js'

/** The traditional ports of BitTorrent. */
const PORTS = { first: 6881, last: 6999 }

/** More than any network's rate, in KiB per second. */
const MAX_RATE = 2 ** 30

/** The settings of a client that btkit starts. */
export interface OwnClientOptions {
  readonly minport: number
  readonly maxport: number
  readonly ip?: string | undefined
  readonly bind?: string | undefined
  /** In KiB per second; 0 for no limit. */
  readonly maxUploadRate: number
  readonly maxDownloadRate?: number
  /** Path of certificates in PEM. */
  readonly caCert?: string | undefined
  /** Whether it must fetch the metadata of a magnet link. */
  readonly asksMetadata?: boolean
  /** Whether it must open hybrid torrents. */
  readonly opensHybrids?: boolean
  /** Whether it must download from web seeds. */
  readonly takesWebSeeds?: boolean
  /** In milliseconds. */
  readonly clientTimeout: number
}

/** Declares the options of commands that start a client of their own, in a group of their own. */
export function declareOwnClientOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(command: Command<Arguments, Options, Globals>) {
  const upload = 'limit the upload rate in KiB a second; 0: unlimited'
  return command
    .optionsGroup('If no client is named, one is started:')
    .addOption(portOption('--minport <n>', 'use ports for peers from this one on', PORTS.first))
    .addOption(portOption('--maxport <n>', 'use ports for peers up to this one', PORTS.last))
    .option('--ip <address>', 'announce this address to trackers', ipAddress)
    .option('--bind <address>', 'bind to this address', ipAddress)
    .addOption(rateOption('--max-upload-rate <n>', upload))
}

export function maxDownloadRateOption() {
  return rateOption(
    '--max-download-rate <n>',
    'limit the download rate in KiB a second; 0: unlimited',
  )
}

export function caCertOption() {
  const what = 'trust these certificates (PEM) for HTTPS, instead of those of the system'
  return new Option('--ca-cert <file>', what)
}

function portOption<const Flags extends string>(flags: Flags, description: string, port: number) {
  return new Option(flags, description).argParser(wholeNumber(1, 65535)).default(port)
}

function rateOption<const Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description).argParser(wholeNumber(0, MAX_RATE)).default(0)
}

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('not an IP address')
}
