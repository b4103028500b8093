import { isIP } from 'node:net'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { transferRate } from './values.js'
import { type Traits, option } from './option.js'

/** An option for the upload rate in bytes per second; 0 for no limit. */
export function maxUploadRateOption(what: string, traits: Traits = {}) {
  const units = '10M, or a number of KiB a second; 0: unlimited'
  const rate = { ...traits, parse: transferRate, default: 0 }
  return option('--max-upload-rate <rate>', `${what}: ${units}`, rate)
}

/** Parses an IP address for trackers. */
export function announcedAddress(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('not an IP address')
}
