import { isIP } from 'node:net'
import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { wholeNumber } from './values.js'

/** The ports of old for BitTorrent. */
const PORTS = { first: 6881, last: 6999 }

/** More than any network has, in KiB a second. */
const MAX_RATE = 2 ** 30

/** What a client is told that is started for a run. */
export interface OwnClientOptions {
  readonly minport: number
  readonly maxport: number
  readonly ip?: string | undefined
  readonly bind?: string | undefined
  /** In KiB a second; 0 for no limit. */
  readonly maxUploadRate: number
  readonly maxDownloadRate?: number
  /** The path of certificates in PEM. */
  readonly caCert?: string | undefined
  /** Whether it is to get the metadata of a magnet link. */
  readonly asksMetadata?: boolean
  /** Whether it is to open hybrids. */
  readonly opensHybrids?: boolean
  /** Whether it is to download from web seeds. */
  readonly takesWebSeeds?: boolean
  /** In milliseconds. */
  readonly clientTimeout: number
}

/** `--minport`. */
export function minportOption() {
  return portOption('--minport <n>', 'use ports for peers from this one on', PORTS.first)
}

/** `--maxport`. */
export function maxportOption() {
  return portOption('--maxport <n>', 'use ports for peers up to this one', PORTS.last)
}

/** `--ip`. */
export function ipOption() {
  return new Option('--ip <address>', 'tell trackers this address').argParser(ipAddress)
}

/** `--bind`. */
export function bindOption() {
  return new Option('--bind <address>', 'bind to this address').argParser(ipAddress)
}

/** `--max-upload-rate`. */
export function maxUploadRateOption() {
  return rateOption('--max-upload-rate <n>', 'limit the upload rate in KiB a second; 0: unlimited')
}

/** `--max-download-rate`. */
export function maxDownloadRateOption() {
  return rateOption(
    '--max-download-rate <n>',
    'limit the download rate in KiB a second; 0: unlimited',
  )
}

/** `--ca-cert`. */
export function caCertOption() {
  const what = 'trust these certificates (PEM) for HTTPS, instead of the usual ones'
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
