import { makeTorrent } from '../library/make.js'
import { planTorrent } from '../library/plan.js'
import { lintTorrent, readTorrent } from '../library/read.js'
import type { MakeOptions } from '../library/torrent-options.js'
import type { Finding } from '../metainfo/lint/finding.js'
import { magnetLink } from '../metainfo/magnet.js'
import { type Excerpt, excerptOf } from '../pages/table.js'
import type { Plan } from '../pages/torrent-fields.js'
import type { WorkContext } from './work-context.js'

/** A file or directory, and how its torrent is made. */
interface MakeRequest {
  readonly source: string
  readonly options: MakeOptions
}

/** A torrent that was made, as its page shows it. */
export interface DescribedTorrent {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly bytesHashed: number
  readonly magnet: string
  readonly findings: Excerpt<Finding>
}

/** The most findings, or entries that are left out, that are listed. */
const MOST_LISTED = 200

/**
 * Makes and describes a torrent.
 * @throws BtkitError as makeTorrent
 */
export async function makeAndDescribe(
  { source, options }: MakeRequest,
  { cache, signal, tell }: WorkContext,
): Promise<DescribedTorrent> {
  const made = await makeTorrent(source, { ...options, cache, signal, onProgress: tell })
  const { infoHash, infoHashV2, bytesHashed, bytes } = made
  const metainfo = await readTorrent(bytes, { maxSize: bytes.length })
  const findings = excerptOf(await lintTorrent(metainfo), MOST_LISTED)
  return { infoHash, infoHashV2, bytesHashed, magnet: magnetLink(metainfo), findings }
}

/**
 * Makes a torrent and returns its bytes.
 * @throws BtkitError as makeTorrent
 */
export async function makeBytes(
  { source, options }: MakeRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Uint8Array> {
  const { bytes } = await makeTorrent(source, { ...options, cache, signal, onProgress: tell })
  return bytes
}

/**
 * Describes a torrent without making it.
 * @throws BtkitError as planTorrent
 */
export async function describePlan(
  { source, options }: MakeRequest,
  { signal }: WorkContext,
): Promise<Plan> {
  const plan = await planTorrent(source, { ...options, signal })
  return { ...plan, skipped: excerptOf(plan.skipped, MOST_LISTED) }
}
