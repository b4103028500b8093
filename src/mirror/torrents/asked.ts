import { failureOf } from '../../base/errors.js'
import { NotReady, notFound } from '../../server/headers/refusal.js'
import type { ServiceOptions } from '../options.js'
import { directorySource } from './directory-source.js'
import type { FileTorrents } from './file-torrents.js'
import { NOBODY } from './flights.js'
import type { ServedTorrent } from './served-torrent.js'
import type { MirrorSource } from './make.js'
import type { PathSets } from './path-sets.js'
import { partsOfKey } from './source-key.js'
import type { Torrents } from './torrents.js'

/** Makes torrents by what was asked for. */
interface AskedSources {
  readonly options: ServiceOptions
  readonly files: FileTorrents
  readonly sets: PathSets
  readonly torrents: Torrents
  /** Receives each torrent that is seeded again. */
  readonly onReady: (torrent: ServedTorrent) => void
}

/**
 * Seeds the torrents again that somebody asked for before a restart, because their magnet links are
 * published. It reads no file: a torrent whose files changed or went is forgotten.
 */
export async function seedAsked(sources: AskedSources): Promise<void> {
  const { options, torrents, onReady } = sources
  const { seed } = options
  for (const [name, { infoHash, stamp }] of [...(seed?.given.torrents ?? [])]) {
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
