import { join } from 'node:path'
import { lookAtFiles, type StampTable } from '../files/look-at-files.js'
import { torrentName, type Place } from './complete-place.js'
import type { CompleteRun } from './complete-run.js'
import { trusted } from './stamp.js'

/** Entries of a place looked at in one go: few enough that what was seen is still so when used. */
const WINDOW = 4096

/** Some entries of a place. */
export interface Glanced {
  readonly names: readonly string[]
  /** The size of the entry number `i` when neither it nor its torrent changed, else null. */
  readonly unchangedSize: (i: number) => number | null
}

/** Tells at a glance which plain files of a place need no closer look, a window of them at a time. */
export function* glanceAt(place: Place, run: CompleteRun): Generator<Glanced> {
  for (let first = 0; first < place.names.length; first += WINDOW) {
    const names = place.names.slice(first, first + WINDOW)
    const sources = lookAtFiles(place.realDirectory, names)
    const torrents = lookAtFiles(place.realTarget, names.map(torrentName))
    yield { names, unchangedSize: comparer(names, { place, run, sources, torrents }) }
  }
}

interface Seen {
  readonly place: Place
  readonly run: CompleteRun
  readonly sources: StampTable
  readonly torrents: StampTable
}

function comparer(names: readonly string[], seen: Seen): (i: number) => number | null {
  const { place, run, sources, torrents } = seen
  const sourcePrefix = join(place.realDirectory, '/')
  const torrentPrefix = join(place.realTarget, '/')
  return (i) => {
    const stamp = sources.at(i)
    const torrent = torrents.at(i)
    if (!stamp || !torrent) return null
    const name = names[i] ?? ''
    const path = torrentPrefix + torrentName(name)
    const source = sourcePrefix + name
    return isUnchanged({ source, stamp, path, torrent }, run) ? sizeOf(stamp) : null
  }
}

/** A file and its torrent: their paths and fingerprints. */
interface Pair {
  readonly source: string
  readonly stamp: Uint8Array
  readonly path: string
  readonly torrent: Uint8Array
}

/** Whether the cache remembers just this torrent as made from just this file. */
function isUnchanged({ source, stamp, path, torrent }: Pair, run: CompleteRun): boolean {
  const { trust, options, means } = run
  const input = Buffer.concat([trusted(stamp, trust), options])
  return means.memory.cache.isOutput(path, { source, input, stamp: torrent })
}

function sizeOf(stamp: Uint8Array): number {
  return Number(new DataView(stamp.buffer, stamp.byteOffset).getBigInt64(0, true))
}
