import { failureOf } from '../../base/errors.js'
import { doInTurns, each } from '../../base/steps.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import type { GivenTorrent } from '../../core/keep-seeded/given.js'
import { unlimitedBudget } from '../../server/admission/memory.js'
import { NotReady, notFound } from '../../server/headers/refusal.js'
import type { ServiceOptions } from '../options.js'
import { directorySource } from './directory-source.js'
import type { FileTorrents } from './file-torrents.js'
import { NOBODY } from './flights.js'
import type { MirrorFacts } from './served-torrent.js'
import { type RecordedTorrent, recordedTorrent } from './recorded.js'
import type { GivenTorrents } from './given-torrents.js'
import type { MirrorSource } from './make.js'
import type { PathSets } from './path-sets.js'
import { partsOfKey } from './source-key.js'
import type { MadeListener, Torrents } from './torrents.js'

/** Makes torrents by what was asked for. */
interface AskedSources {
  readonly options: ServiceOptions
  readonly files: FileTorrents
  readonly sets: PathSets
  readonly torrents: Torrents
  /** Receives each torrent that is seeded again. */
  readonly onReady: (torrent: MirrorFacts) => void
}

/** Seeds torrents as they were recorded. */
interface RecordedSources extends Pick<AskedSources, 'options' | 'onReady'> {
  readonly given: Pick<GivenTorrents, 'isUsed'>
  readonly cacheAccess: CacheAccess
  readonly realRoot: string
  /** Seeds a torrent; null without a seed. */
  readonly onMade: MadeListener | null
}

/**
 * Seeds the torrents of files that were seeded before a restart: very many at once, too, because no
 * file is looked at. Returns them. None if the operator's own torrents may take their place.
 */
export async function seedRecorded(sources: RecordedSources): Promise<RecordedTorrent[]> {
  const { options, given, cacheAccess, realRoot, onMade, onReady } = sources
  const seeded: RecordedTorrent[] = []
  if (given.isUsed || !onMade) return seeded
  const seedAgain = (torrent: GivenTorrent) => {
    const recorded = recordedTorrent(torrent, options, realRoot, cacheAccess)
    if (!recorded) return
    onMade(recorded, torrent.stamp)
    onReady(recorded.facts)
    seeded.push(recorded)
  }
  const all = [...(options.seed?.given.torrents.values() ?? [])]
  await doInTurns(each(all, seedAgain), unlimitedBudget())
  return seeded
}

/**
 * Seeds the other torrents again that somebody asked for before a restart, because their magnet
 * links are published. It reads no file: a torrent whose files changed or went is forgotten.
 */
export async function seedAsked(sources: AskedSources): Promise<void> {
  const { options, torrents, onReady } = sources
  const { seed } = options
  for (const [name, { infoHash, stamp }] of [...(seed?.given.torrents ?? [])]) {
    if (seed?.countsOf(infoHash)) continue
    const failure = await failureOf(async () => {
      const source = sourceOf(stamp, sources)
      const ahead = { throttle: undefined, infoHash }
      onReady((await torrents.obtain(source, { ...NOBODY, ahead })).torrent)
    })
    if (failure && !(failure instanceof NotReady)) seed?.given.put(name, null)
  }
  await seed?.given.flush()
}

/** The source of a key. */
function sourceOf(key: string, { options, files, sets }: AskedSources): MirrorSource {
  const { version, kind, path, chosen, digest } = partsOfKey(key)
  if (kind === 'file') return files.source(path, { version, pieceLength: options.pieceLength })
  if (kind === 'directory') return directorySource(path, chosen, version, options)
  const set = sets.known(digest)
  if (set === null) throw notFound(key)
  return sets.source({ ...set, isSingle: kind === 'single', version })
}
