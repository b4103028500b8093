import { openNullCache } from '../../src/disk/cache/piece-cache.js'
import {
  cutIntoPieces,
  planContent,
  type Content,
  type ContentRequest,
} from '../../src/core/digests/content.js'
import type { Engine, HashContext } from '../../src/core/digests/hash-content.js'
import {
  hashTorrent,
  type MakeRequest,
  type TorrentPlan,
  writeTorrent,
  type WrittenTorrent,
} from '../../src/core/make/make-torrent.js'
import { choosePieces } from '../../src/core/make/piece-choice.js'
import { chooseKernel, type KernelName } from '../../src/disk/hash/kernels.js'
import { NO_FIELDS } from '../../src/metainfo/fields.js'
import { pieceLengthOf } from '../../src/metainfo/piece-length.js'
import { checkTracker } from '../../src/metainfo/trackers.js'

/** A request for the content at `source` as the command line makes it by default, with changes. */
export function contentRequest(
  source: string,
  changes: Partial<ContentRequest> = {},
): ContentRequest {
  const scan = { all: false, include: [], exclude: [], links: 'inside' as const }
  return {
    source,
    version: 'v1',
    name: null,
    scan,
    pieceLength: pieceLengthOf(18),
    torrent: null,
    ...changes,
  }
}

/** Plans the content of a request, and divides it. */
export async function cutContent(request: ContentRequest): Promise<Content> {
  const content = await planContent(request)
  return cutIntoPieces(content, choosePieces(content, request, () => 0).pieceLength)
}

/** A request for a plain torrent of `source`, with changes. */
export function makeRequest(source: string, changes: Partial<MakeRequest> = {}): MakeRequest {
  const announce = checkTracker('http://t.example/announce')
  const parts = { ...NO_FIELDS, announce, announceList: [] }
  const rest = { private: false, sourceTag: null, parts, creationDate: null, write: {} }
  return { ...contentRequest(source), ...rest, ...changes }
}

/**
 * An engine on one thread that nobody interrupts, with changes, and no cache. Chooses the kernel of
 * the process, by default the fastest.
 */
export function hashContext({
  kernel,
  ...changes
}: Partial<Engine> & { kernel?: KernelName } = {}): HashContext {
  chooseKernel(kernel)
  const { signal } = new AbortController()
  return {
    engine: { threads: 1, signal, ...changes },
    cacheAccess: { cache: openNullCache(), trust: 'full', now: Date.now },
  }
}

/** Makes a torrent, and writes it as requested. */
export async function makeTorrent(
  plan: TorrentPlan,
  context: HashContext,
): Promise<WrittenTorrent> {
  return writeTorrent(plan, await hashTorrent(plan, context))
}

/** The same context; files that were written a moment ago count as old. */
export function settledContext(): HashContext {
  const context = hashContext()
  return { ...context, cacheAccess: { ...context.cacheAccess, now: () => Date.now() + 10_000 } }
}
