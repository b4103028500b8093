import type { MirrorView } from '../tree/mirror.js'
import { takenViews } from '../views/place.js'
import type { ViewName } from '../requests/asked-view.js'
import { viewAddress } from '../requests/view-address.js'

/** The views that describe a file, with their media types (RFC 8288, RFC 6249). */
const DESCRIPTIONS: readonly (readonly [view: ViewName, type: string])[] = [
  ['torrent', 'application/x-bittorrent'],
  ['meta4', 'application/metalink4+xml'],
]

/**
 * The Link header of an existing file, which names the views that describe it. The addresses are
 * relative, so that they are right behind proxies, too.
 * @throws Refusal
 */
export async function linksOf(components: readonly string[], view: MirrorView): Promise<string> {
  const views = DESCRIPTIONS.map(([each]) => each)
  const taken = await takenViews(view, components, views)
  const name = encodeURIComponent(components.at(-1) ?? '')
  const links = DESCRIPTIONS.map(([each, type]) => {
    return `<${viewAddress(name, each, taken.includes(each))}>; rel="describedby"; type="${type}"`
  })
  return links.join(', ')
}
