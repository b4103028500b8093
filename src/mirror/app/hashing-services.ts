import type { HashContext } from '../../core/digests/hash-content.js'
import { openAdmission, type Admission } from '../admission/admission.js'
import type { ServiceOptions } from '../options.js'
import { FileClaims } from '../torrents/file-claims.js'
import { FileHasher } from '../torrents/file-hasher.js'
import { GivenTorrents } from '../torrents/given-torrents.js'
import { HashedBytes } from '../torrents/hashed-bytes.js'
import { OnDemand } from '../torrents/on-demand.js'
import { FileDigests } from '../views/file-digests.js'
import { createThrottle } from '../../hash/jobs/throttle.js'
import { Warmer, type WarmerParts } from '../warm/warmer.js'
import type { ServerContext } from '../../server/context.js'

interface HashingServicesParts extends Pick<ServerContext, 'monotonic' | 'warn' | 'onError'> {
  readonly options: ServiceOptions
  /** The engine must use a pool's threads, and do all its work there. */
  readonly hashContext: HashContext
}

/** Makes torrents and digests; no file is read twice at once. */
export interface HashingServices {
  readonly admission: Admission
  readonly onDemand: OnDemand
  readonly digests: FileDigests
  readonly hashed: HashedBytes
  readonly given: GivenTorrents
  /** Hashes ahead; must be started and stopped. Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
}

/** Creates the makers of torrents and digests. */
export function openHashingServices({
  options,
  hashContext,
  monotonic,
  warn,
  onError,
}: HashingServicesParts): HashingServices {
  const admission = openAdmission(options.limits)
  const hashed = new HashedBytes()
  const { mirror, pieceLength } = options
  const reading = { mirror, hashContext, claims: new FileClaims(), hashed }
  const hasher = new FileHasher({ ...reading, queue: admission.hashing })
  const digests = new FileDigests({ ...admission, ...reading, pieceLength, monotonic })
  const { cacheAccess } = hashContext
  const onDemand = new OnDemand({ ...admission, cacheAccess, hasher, monotonic })
  const { now } = cacheAccess
  const given = new GivenTorrents(options.torrents, { now, warn })
  const ahead = { options, given, hasher, hashContext, monotonic, warn, onError }
  return { admission, onDemand, digests, hashed, given, warmer: openWarmer(ahead) }
}

interface OpenWarmerParts extends Omit<
  WarmerParts,
  'options' | 'mirror' | 'serviceName' | 'markPadFiles' | 'pieceLength' | 'throttle'
> {
  readonly options: ServiceOptions
}

/**
 * Creates the warmer if the options ask for one and the cache can keep its work; otherwise null.
 */
function openWarmer({ options, ...parts }: OpenWarmerParts): Warmer | null {
  const { warm, mirror, serviceName, markPadFiles, pieceLength } = options
  if (warm === null) return null
  if (!parts.hashContext.cacheAccess.cache.keepsAnything) {
    parts.warn('--warm: ignored, because its work is kept in the cache; leave out --no-cache')
    return null
  }
  const throttle = warm.maxRate === null ? undefined : createThrottle(warm.maxRate)
  const content = { mirror, serviceName, markPadFiles, pieceLength }
  return new Warmer({ ...parts, ...content, options: warm, throttle })
}
