import { fileAddress } from '../../metainfo/trackers.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { lstatMany } from '../../files/lstat-many.js'
import { childOf, MirrorView, type Mirror } from '../tree/mirror.js'
import { IsDirectory, Refusal } from '../../server/answers/refusal.js'
import type { ViewName } from '../requests/asked-view.js'
import { viewAddress } from '../requests/view-address.js'

/** What a view is of, and how the address of its torrent is spelled. */
export interface Place {
  readonly components: readonly string[]
  readonly version: MetainfoVersion
  /** Whether something has the name that the torrent would have, so that only a query asks for it. */
  readonly isTaken: boolean
}

/** The address of the .torrent of a place below the mirror's. */
export function torrentAddress(base: string, { components, version, isTaken }: Place): string {
  const address = viewAddress(fileAddress(base, components), 'torrent', isTaken)
  return version === 'v1' ? address : `${address}${isTaken ? '&' : '?'}${version}`
}

/** Whether the mirror has a file or directory of its own where the torrent of a place would be. */
export async function isTorrentNameTaken(
  components: readonly string[],
  mirror: Mirror,
): Promise<boolean> {
  return isViewNameTaken(new MirrorView(mirror), components, 'torrent')
}

/**
 * Of some views of a file that is there, those in whose place the mirror has a file or directory of its
 * own. Nearly always that is none, and a single look tells.
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
