import { createHash } from 'node:crypto'
import type { CommonRequest } from './request.js'
import type { InfoRequest } from '../digests/info.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import { trustedPart, type CacheTrust } from '../digests/cache-trust.js'

/** btkit's own creators differ by its version, which is no reason to write a torrent anew. */
const OWN_CREATOR = /^btkit \S+$/

/** What of a digest is enough to tell option sets apart. */
const OPTIONS_LENGTH = 16

/**
 * What all torrents of a run depend on beside their content, digested; their creation date is left
 * out, as it alone is no reason to write one anew.
 */
export function digestOptions({ parts, private: isPrivate, ...rest }: CommonRequest): Uint8Array {
  const createdBy =
    parts.createdBy !== null && OWN_CREATOR.test(parts.createdBy) ? 0 : parts.createdBy
  const options = [{ ...parts, createdBy }, isPrivate, rest.sourceTag, rest.pieceLength]
  return createHash('sha256').update(JSON.stringify(options)).digest().subarray(0, OPTIONS_LENGTH)
}

/** Whether two creators mean the same. */
export function isSameCreator(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && OWN_CREATOR.test(a) && OWN_CREATOR.test(b))
}

/** All that the torrent of some content depends on: equal inputs make equal torrents. */
export function outputInput(
  { content, input }: InfoRequest,
  { options, trust }: { options: Uint8Array; trust: CacheTrust },
): Uint8Array {
  const [file] = content.files
  if (content.isDirectory || !file) return Buffer.concat([input, options])
  return Buffer.concat([trustedPart(encodeFingerprint(file.fingerprint), trust), options])
}
