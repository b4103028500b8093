import { setImmediate } from 'node:timers/promises'
import { parseTorrent, readTorrent as readFile } from '../core/read-torrent.js'
import { BtkitError, refuseAborted } from '../errors.js'
import { DEFAULT_MAX_SIZE } from '../metainfo/bencode/read.js'
import { lintInSteps } from '../metainfo/lint/metainfo.js'
import type { Finding } from '../metainfo/lint/finding.js'
import type { Metainfo } from '../metainfo/metainfo.js'

/** A torrent: the path of a .torrent, its bytes, or what parseMetainfo returned. */
export type TorrentInput = string | Uint8Array | Metainfo

/** Options for reading a torrent. */
export interface ReadOptions {
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads and checks a torrent.
 * @throws BtkitError `not-found`, `not-permitted`, `io`, `too-large`; `bencode` or `metainfo` for a
 *   file that is no valid torrent
 */
export async function readTorrent(
  torrent: TorrentInput,
  options: ReadOptions = {},
): Promise<Metainfo> {
  await Promise.resolve()
  refuseAborted(options.signal)
  return readInput(torrent, options)
}

/**
 * Reads a torrent and finds what is wrong or unwise in it.
 * @throws BtkitError as readTorrent
 */
export async function lintTorrent(
  torrent: TorrentInput,
  options: ReadOptions = {},
): Promise<Finding[]> {
  const steps = lintInSteps(await readTorrent(torrent, options))
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    // A torrent may have very many files
    await setImmediate()
    refuseAborted(options.signal)
  }
}

/** Returns the metainfo of an input. */
export function readInput(torrent: TorrentInput, { maxSize = DEFAULT_MAX_SIZE }: ReadOptions) {
  if (typeof torrent === 'string') {
    return readFile(torrent, maxSize)
  }
  if (torrent instanceof Uint8Array) return parseTorrent(torrent, 'torrent', maxSize)
  if (isMetainfo(torrent)) return torrent
  throw new BtkitError('usage', 'torrent: neither a path, nor bytes, nor metainfo')
}

/** Whether a program in JavaScript gave metainfo, and nothing else. */
function isMetainfo(torrent: unknown): boolean {
  return Array.isArray((torrent as Partial<Metainfo> | null | undefined)?.files)
}

/** Returns the name of an input in errors and reports. */
export function labelOf(torrent: TorrentInput, { name }: Metainfo): string {
  return typeof torrent === 'string' ? torrent : name
}
