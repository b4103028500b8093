import type { DigestRecord } from '../../disk/cache/records/bodies.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import { whoWrites } from '../../disk/look/writers.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../disk/file-lists/fingerprint.js'
import type { FileState, ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { runOnThreads } from '../../disk/hash/hash-stream.js'
import { runJob } from '../../disk/hash/jobs/run-job.js'
import { createWholeFileJob } from '../../disk/hash/jobs/whole-file-job.js'
import { WorkerPool } from '../../disk/hash/jobs/worker-pool.js'
import { refuseAborted } from '../../base/errors.js'
import { isSameFile, type CacheTrust, isSettled } from '../../disk/cache/trust.js'
import type { Content } from '../digests/content.js'
import { requireUnchanged, type HashContext } from '../digests/hash-content.js'
import { CHECKSUMS, type ChecksumName } from './list.js'
import type { ListedFile } from './lists.js'

/** A file with a digest for each requested checksum, in that order. */
export interface FileChecksums extends ListedFile {
  /** Bytes that were read; 0 if the cache had all digests. */
  readonly bytesRead: number
  /** Whether a later write to the file would certainly change its fingerprint. */
  readonly isSettled: boolean
}

/** Inputs for computing checksums. */
export interface ChecksumContext extends Pick<HashContext, 'engine' | 'cacheAccess'> {
  /** Returns checksums of a file that is on no disk. Absent: all are. */
  readonly digestsOf?: (
    file: FileState,
    names: readonly ChecksumName[],
  ) => Promise<readonly Uint8Array[]>
}

/**
 * Computes checksums of all files of some content. Reads only files that the cache does not know,
 * one after the other: threads share the checksums of a large one. The digests belong to the files
 * as scanned.
 * @throws BtkitError `changed` with the file, and as hashStream
 */
export async function obtainChecksums(
  content: Content,
  names: readonly ChecksumName[],
  context: ChecksumContext,
): Promise<FileChecksums[]> {
  const found: FileChecksums[] = []
  const pool = new WorkerPool()
  try {
    for (const file of readFiles(content)) {
      const known = recallFile(file, names, context.cacheAccess)
      found.push(known ?? (await read(file, names, pool, context)))
    }
    return found
  } finally {
    await pool.close()
  }
}

/** Largest file in bytes that is read on this thread, because another takes time to start. */
const SMALL = 256 * 1024

/** Looks up the checksums without reading files; null if the cache does not have all of them. */
export function recallChecksums(
  content: Content,
  names: readonly ChecksumName[],
  access: Recall,
): FileChecksums[] | null {
  const found: FileChecksums[] = []
  for (const file of readFiles(content)) {
    const known = recallFile(file, names, access)
    if (!known) return null
    found.push(known)
  }
  return found
}

/** The files with bytes on a disk, each as an object. */
function readFiles({ files }: Content): Iterable<ScannedFile> {
  return files.filter((i) => files.isRead(i))
}

interface Recall {
  readonly cache: PieceCache
  readonly trust: CacheTrust
}

/** Looks up a file in the cache; null if a checksum is missing. */
function recallFile(
  file: ScannedFile,
  names: readonly ChecksumName[],
  access: Recall,
): FileChecksums | null {
  const digests = names.flatMap((name) => recallDigest(file, name, access)?.digest ?? [])
  if (digests.length < names.length) return null
  return { file, digests, bytesRead: 0, isSettled: true }
}

/** The digest of a whole file, if the cache has it. `peek` does not count as a use. */
export function recallDigest(
  { absolutePath, fingerprint }: FileState,
  name: ChecksumName,
  { cache, trust, how = 'get' }: Recall & { readonly how?: 'get' | 'peek' },
): DigestRecord | null {
  const record = cache[how]('digest', { algorithm: name, path: absolutePath })
  const isCurrent =
    record?.digest.length === CHECKSUMS[name].length &&
    isSameFile(record.fingerprint, encodeFingerprint(fingerprint), trust)
  return isCurrent ? record : null
}

/** Stores the digest of a whole file that was read. */
export function rememberDigest(
  { absolutePath, fingerprint }: FileState,
  name: ChecksumName,
  cache: PieceCache,
  { digest, readAt }: Omit<DigestRecord, 'fingerprint'>,
): void {
  const record = { fingerprint: encodeFingerprint(fingerprint), digest, readAt }
  cache.put('digest', { algorithm: name, path: absolutePath }, record)
}

async function read(
  file: ScannedFile,
  names: readonly ChecksumName[],
  pool: WorkerPool,
  { engine: { signal, throttle, threads }, cacheAccess, digestsOf }: ChecksumContext,
): Promise<FileChecksums> {
  const { cache, trust, now } = cacheAccess
  const { absolutePath, fingerprint } = file
  if (digestsOf) {
    const readAt = now()
    const digests = await digestsOf(file, names)
    names.forEach((name, i) => {
      if (digests[i]) rememberDigest(file, name, cache, { digest: digests[i], readAt })
    })
    return { file, digests, bytesRead: fingerprint.size, isSettled: true }
  }
  const startedMs = now()
  const isWritten = (await whoWrites([absolutePath])).length > 0
  const { size } = fingerprint
  const source = { path: absolutePath, size, identity: null }
  const isSmall = size <= SMALL && !throttle
  const shares = sharesOf(names, isSmall || throttle ? 1 : threads)
  const jobs = shares.map((share) => {
    const checksums = share.map((name) => CHECKSUMS[name])
    return createWholeFileJob({ ...source, checksums, throttle })
  })
  refuseAborted(signal)
  if (isSmall) jobs.forEach(runJob)
  else await Promise.all(jobs.map((job) => runOnThreads(job, { pool, signal })))
  const made = new Map(
    shares.flatMap((share, i) => share.map((name, j) => [name, jobs[i]?.checksums[j]?.digest])),
  )
  const digests = names.flatMap((name) => made.get(name) ?? [])
  requireUnchanged(file, readFingerprintIfThere(absolutePath), cacheAccess)
  const found = { file, digests, bytesRead: size }
  if (!isSettled(file, { startedMs, trust }, isWritten)) return { ...found, isSettled: false }
  names.forEach((name, i) => {
    const digest = digests[i]
    if (digest) rememberDigest(file, name, cache, { digest, readAt: startedMs })
  })
  return { ...found, isSettled: true }
}

/** Distributes checksums over at most so many threads, so that all take about the same time. */
function sharesOf(names: readonly ChecksumName[], threads: number): ChecksumName[][] {
  const shares = names.slice(0, threads).map((): ChecksumName[] => [])
  const turns = [...shares, ...shares.toReversed()]
  const sorted = names.toSorted((a, b) => CHECKSUMS[b].cost - CHECKSUMS[a].cost)
  for (const [i, name] of sorted.entries()) turns[i % turns.length]?.push(name)
  return shares
}
