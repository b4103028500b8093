import { createThrottle } from '../../hash/jobs/throttle.js'
import type { ServiceOptions } from '../options.js'
import { Warmer, type WarmerParts } from './warmer.js'

export interface OpenWarmerParts extends Omit<
  WarmerParts,
  'options' | 'mirror' | 'serviceName' | 'markPadFiles' | 'pieceLength' | 'throttle'
> {
  readonly options: ServiceOptions
}

/** What hashes ahead as the options say; null where nothing is to be, or none of it could be kept. */
export function openWarmer({ options, ...parts }: OpenWarmerParts): Warmer | null {
  const { warm, mirror, serviceName, markPadFiles, pieceLength } = options
  if (warm === null) return null
  if (!parts.hashContext.cacheAccess.cache.keepsAnything) {
    parts.warn('--warm: without a cache nothing that is hashed ahead could be kept')
    return null
  }
  const throttle = warm.maxRate === null ? undefined : createThrottle(warm.maxRate)
  const content = { mirror, serviceName, markPadFiles, pieceLength }
  return new Warmer({ ...parts, ...content, options: warm, throttle })
}
