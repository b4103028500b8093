import { sizeInFingerprint } from '../../files/fingerprint.js'
import { join } from 'node:path'
import { statFiles, type FingerprintTable } from '../../files/stat-files.js'
import { torrentName, type SourceDirectory } from './directories.js'
import type { CompleteRun } from './run.js'
import { trustedPart } from '../digests/cache-trust.js'

/** Entries of a place looked at in one go: few enough that what was seen is still so when used. */
const WINDOW = 4096

/** Some entries of a place. */
export interface UnchangedWindow {
  readonly names: readonly string[]
  /** The size of the entry number `i` when neither it nor its torrent changed, else null. */
  readonly unchangedSize: (i: number) => number | null
}

/** Tells at a glance which plain files of a place need no closer look, a window of them at a time. */
export function* findUnchanged(
  place: SourceDirectory,
  run: CompleteRun,
): Generator<UnchangedWindow> {
  for (let first = 0; first < place.names.length; first += WINDOW) {
    const names = place.names.slice(first, first + WINDOW)
    const sources = statFiles(place.realDirectory, names)
    const torrents = statFiles(place.realTarget, names.map(torrentName))
    yield { names, unchangedSize: comparer(names, { place, run, sources, torrents }) }
  }
}

interface Seen {
  readonly place: SourceDirectory
  readonly run: CompleteRun
  readonly sources: FingerprintTable
  readonly torrents: FingerprintTable
}

function comparer(names: readonly string[], seen: Seen): (i: number) => number | null {
  const { place, run, sources, torrents } = seen
  const sourcePrefix = join(place.realDirectory, '/')
  const torrentPrefix = join(place.realTarget, '/')
  return (i) => {
    const fingerprint = sources.at(i)
    const torrent = torrents.at(i)
    if (!fingerprint || !torrent) return null
    const name = names[i] ?? ''
    const path = torrentPrefix + torrentName(name)
    const source = sourcePrefix + name
    return isUnchanged({ source, fingerprint, path, torrent }, run)
      ? sizeInFingerprint(fingerprint)
      : null
  }
}

/** A file and its torrent: their paths and fingerprints. */
interface Pair {
  readonly source: string
  readonly fingerprint: Uint8Array
  readonly path: string
  readonly torrent: Uint8Array
}

/** Whether the cache remembers just this torrent as made from just this file. */
function isUnchanged({ source, fingerprint, path, torrent }: Pair, run: CompleteRun): boolean {
  const { trust, options, hashContext } = run
  const input = Buffer.concat([trustedPart(fingerprint, trust), options])
  return hashContext.cacheAccess.cache.isOutput(path, { source, input, fingerprint: torrent })
}
