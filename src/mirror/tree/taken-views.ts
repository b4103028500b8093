import { IsDirectory, Refusal } from '../../server/headers/refusal.js'
import type { ViewName } from './address.js'
import { type Mirror, MirrorView } from './mirror.js'

/** Whether the mirror has its own file or directory with the name of the torrent. */
export async function isTorrentNameTaken(
  components: readonly string[],
  mirror: Mirror,
): Promise<boolean> {
  return (await takenViews(new MirrorView(mirror), components, ['torrent'])).length > 0
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
  const above = components.slice(0, -1)
  const name = components.at(-1) ?? ''
  const { taken } = await view.look(
    components,
    views.map((each) => `${name}.${each}`),
  )
  const there = views.filter((each) => taken.includes(`${name}.${each}`))
  const areTaken = await Promise.all(
    there.map(async (each) => {
      try {
        await view.file([...above, `${name}.${each}`])
        return true
      } catch (error) {
        if (error instanceof IsDirectory) return true
        if (error instanceof Refusal) return error.code !== 'not-found'
        throw error
      }
    }),
  )
  return there.filter((_, i) => areTaken[i])
}
