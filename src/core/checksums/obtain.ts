import type { PieceCache } from '../../cache/piece-cache.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { hashWholeFile } from '../../hash/whole-file.js'
import { isSameFile, type CacheTrust } from '../digests/cache-trust.js'
import type { Content } from '../digests/content.js'
import { requireUnchanged, type HashContext } from '../digests/hash-content.js'
import { isRead } from '../digests/pad-files.js'
import { isSettled } from '../digests/settled.js'
import { findWriters } from '../digests/writers.js'
import { CHECKSUMS, type ChecksumName } from './list.js'

/** A file with a digest for each requested checksum, in that order. */
export interface FileChecksums {
  readonly file: ScannedFile
  readonly digests: readonly Uint8Array[]
  /** Bytes that were read; 0 if the cache had all digests. */
  readonly bytesRead: number
  /** Whether a later write to the file would certainly change its fingerprint. */
  readonly isSettled: boolean
}

/** Inputs for computing checksums. */
export type ChecksumContext = Pick<HashContext, 'engine' | 'cacheAccess'>

/**
 * Computes checksums of all files of some content. Reads only files that the cache does not know,
 * each once for all checksums. The digests belong to the files as scanned.
 * @throws BtkitError `changed` with the file, and as hashWholeFile
 */
export async function obtainChecksums(
  content: Content,
  names: readonly ChecksumName[],
  context: ChecksumContext,
): Promise<FileChecksums[]> {
  const found: FileChecksums[] = []
  for (const file of content.files.filter(isRead)) {
    const known = recallFile(file, names, context.cacheAccess)
    found.push(known ?? (await read(file, names, context)))
  }
  return found
}

/** Looks up the checksums without reading files; null if the cache does not have all of them. */
export function recallChecksums(
  content: Content,
  names: readonly ChecksumName[],
  access: Recall,
): FileChecksums[] | null {
  const found: FileChecksums[] = []
  for (const file of content.files.filter(isRead)) {
    const known = recallFile(file, names, access)
    if (!known) return null
    found.push(known)
  }
  return found
}

interface Recall {
  readonly cache: PieceCache
  readonly trust: CacheTrust
}

/** Looks up a file in the cache; null if a checksum is missing. */
function recallFile(
  file: ScannedFile,
  names: readonly ChecksumName[],
  { cache, trust }: Recall,
): FileChecksums | null {
  const { absolutePath, fingerprint } = file
  const encoded = encodeFingerprint(fingerprint)
  const digests = names.flatMap((name) => {
    const record = cache.digest(name, absolutePath)
    const isCurrent =
      record?.digest.length === CHECKSUMS[name].length &&
      isSameFile(record.fingerprint, encoded, trust)
    return isCurrent ? [record.digest] : []
  })
  if (digests.length < names.length) return null
  return { file, digests, bytesRead: 0, isSettled: true }
}

async function read(
  file: ScannedFile,
  names: readonly ChecksumName[],
  { engine, cacheAccess }: ChecksumContext,
): Promise<FileChecksums> {
  const { cache, trust, now } = cacheAccess
  const { absolutePath, fingerprint } = file
  const startedMs = now()
  const { openForWriting } = findWriters([file])
  const algorithms = names.map((name) => CHECKSUMS[name].algorithm)
  const digests = await hashWholeFile(absolutePath, fingerprint.size, { ...engine, algorithms })
  requireUnchanged(file, readFingerprintIfThere(absolutePath))
  const found = { file, digests, bytesRead: fingerprint.size }
  if (!isSettled(file, { startedMs, openForWriting, trust })) return { ...found, isSettled: false }
  const kept = encodeFingerprint(fingerprint)
  names.forEach((name, i) => {
    const digest = digests[i]
    if (digest) cache.rememberDigest(name, absolutePath, { fingerprint: kept, digest })
  })
  return { ...found, isSettled: true }
}
