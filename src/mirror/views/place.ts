import { fileAddress } from '../../metainfo/trackers.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { lstatMany } from '../../files/lstat-many.js'
import { childOf, MirrorView, type Mirror } from '../tree/mirror.js'
import { IsDirectory, Refusal } from '../../server/answers/refusal.js'
import type { ViewName } from '../requests/asked-view.js'
import { viewAddress } from '../requests/view-address.js'

/** The subject of a view, and the form of its torrent's URL. */
export interface Place {
  readonly components: readonly string[]
  readonly version: MetainfoVersion
  /** Whether a file has the torrent's name, so that the view needs a query. */
  readonly isTaken: boolean
}

/** URL of the .torrent of a place; `base` is that of the mirror's root. */
export function torrentAddress(base: string, { components, version, isTaken }: Place): string {
  const address = viewAddress(fileAddress(base, components), 'torrent', isTaken)
  return version === 'v1' ? address : `${address}${isTaken ? '&' : '?'}${version}`
}

/** Whether the mirror has its own file or directory with the name of the torrent. */
export async function isTorrentNameTaken(
  components: readonly string[],
  mirror: Mirror,
): Promise<boolean> {
  return isViewNameTaken(new MirrorView(mirror), components, 'torrent')
}

/**
 * The views of an existing file whose names are those of files or directories of the mirror.
 * Usually there are none, and a single lookup is enough.
 */
export async function takenViews(
  view: MirrorView,
  components: readonly string[],
  views: readonly ViewName[],
): Promise<ViewName[]> {
  const directory = await view.directory(components.slice(0, -1))
  const path = childOf(directory, components.at(-1) ?? '')
  const states = await lstatMany(views.map((each) => `${path}.${each}`))
  const there = views.filter((_, i) => !(states[i] instanceof Error))
  const areTaken = await Promise.all(there.map((each) => isViewNameTaken(view, components, each)))
  return there.filter((_, i) => areTaken[i])
}

async function isViewNameTaken(
  view: MirrorView,
  components: readonly string[],
  name: ViewName,
): Promise<boolean> {
  const path = [...components.slice(0, -1), `${components.at(-1) ?? ''}.${name}`]
  try {
    await view.file(path)
    return true
  } catch (error) {
    if (error instanceof IsDirectory) return true
    if (error instanceof Refusal) return error.code !== 'not-found'
    throw error
  }
}
