import { constants } from 'node:fs'
import { decodePercent, encodeName } from '../../base/percent.js'
import { isOfKind } from '../../disk/look/stat-files.js'
import { html, type Html } from '../../base/text/html.js'
import { splitTarget } from '../../server/headers/target.js'
import { LISTED, type Look } from '../tree/below-root.js'
import { isAddressable, isWithheld, type Mirror, MirrorView, readEntries } from '../tree/mirror.js'
import { INDEX } from './site-header.js'

/** Directories that are looked for above an address where nothing is. */
const MOST_LOOKS = 4

/** Names that are compared with one that is not there, and those that are shown. */
const MOST_NAMES = 10_000
const MOST_ALIKE = 5

/** The last name in an address where something was looked for. */
export function lastName(url: string): string {
  return namesIn(splitTarget(url)[0]).at(-1) ?? ''
}

function namesIn(path: string): string[] {
  return decodePercent(path, '').split('/').filter(Boolean)
}

/**
 * Links from an address where nothing is: to the names that are most like those in it, in the
 * nearest directory that is there, and to that directory, unless it is the root.
 */
export async function namesNear(url: string, mirror: Mirror): Promise<Html[]> {
  const [address] = splitTarget(url)
  const end = address.lastIndexOf('/') + 1
  const directories = namesIn(address.slice(0, end))
  const names = [...directories, ...namesIn(address.slice(end))]
  const view = new MirrorView(mirror)
  for (let up = 0; up < Math.min(directories.length + 1, MOST_LOOKS); up++) {
    const above = directories.slice(0, directories.length - up)
    const look = await view.directory(above, LISTED).catch(() => null)
    if (!look?.isReadable) continue
    const found = await likeNames(names.slice(above.length), above, look, view)
    const way = '../'.repeat(up) || './'
    const links = found.map(({ path, isDirectory }) => {
      const below = `${way}${path.slice(above.length).map(encodeName).join('/')}`
      return html`<a href="${below}${isDirectory && '/'}">${[INDEX, ...path].join(' / ')}</a>`
    })
    const own = html`<a href="${way}">${[INDEX, ...above].join(' / ')}</a>`
    return above.length > 0 ? [...links, own] : links
  }
  return []
}

/** The entries of a directory that are most like the first of some names. */
async function likeNames(
  [wanted, ...rest]: readonly string[],
  above: readonly string[],
  look: Look,
  view: MirrorView,
) {
  const found: { readonly path: readonly string[]; readonly isDirectory: boolean }[] = []
  for (const name of wanted ? await namesLike(wanted, above, look, view.mirror) : []) {
    // The rest of the address may be there below the other name
    const ways = rest.length > 0 ? [[...above, name, ...rest]] : []
    for (const path of [...ways, [...above, name]]) {
      const there = await view.look(path).catch(() => null)
      if (there === null) continue
      found.push({ path, isDirectory: isOfKind(there, constants.S_IFDIR) })
      break
    }
  }
  return found
}

/** The published names in a directory that are most like one. */
async function namesLike(
  wanted: string,
  above: readonly string[],
  look: Look,
  mirror: Mirror,
): Promise<string[]> {
  const found: { readonly name: string; readonly likeness: number }[] = []
  let count = 0
  try {
    for await (const entries of readEntries(look)) {
      for (const { name } of entries) {
        const likeness = likenessOf(name, wanted)
        const path = [...above, name]
        if (likeness < LIKE || !isAddressable(path) || isWithheld(path, mirror)) continue
        found.push({ name, likeness })
      }
      count += entries.length
      if (count > MOST_NAMES) break
    }
  } catch {
    // It is gone, or cannot be read
  }
  found.sort((a, b) => b.likeness - a.likeness)
  return found.slice(0, MOST_ALIKE).map(({ name }) => name)
}

/** The least likeness of a name that is offered. */
const LIKE = 0.5

/** How many of their pairs of letters two names share, from 0 to 1 (Dice's coefficient). */
function likenessOf(a: string, b: string): number {
  const [left, right] = [pairsOf(a), pairsOf(b)]
  const shared = [...left].filter((pair) => right.has(pair)).length
  return (2 * shared) / (left.size + right.size)
}

function pairsOf(name: string): ReadonlySet<string> {
  const text = ` ${name.toLowerCase()} `
  return new Set(Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2)))
}
