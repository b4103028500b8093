import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { lstatMany } from '../../files/stat-files.js'
import type { Form } from '../../pages/form.js'
import { SLICE, sortInSlices } from '../../server/views/slices.js'
import { type ListOrder, parseOrder } from '../../server/views/sorting.js'
import { naturalKey } from '../../text/natural-order.js'
import { type Category, type Places, shownName } from '../storage/places.js'
import type { FormsParts } from './parts.js'

/** A torrent's file in a category. */
export interface Listed {
  readonly category: Category
  readonly name: string
}

export function pathOf({ category, name }: Listed): string {
  return join(category.path, name)
}

/** The torrents of a category and all below it; null stands for all categories. */
export function below(places: Places, category: Category | null): Listed[] {
  // A category that cannot be read is a mistake to report, unlike one below it
  if (category !== null) places.torrentNames(category)
  const isBelow = (each: Category) => category === null || places.holds(category, each)
  return places.list().flatMap((each) => {
    const names = isBelow(each) ? places.namesIfReadable(each) : []
    return names.map((name) => ({ category: each, name }))
  })
}

/** The torrents of all categories with a text in their names, or with the begin of an info hash. */
export async function search(
  { collection, swarmsAt }: Pick<FormsParts, 'collection' | 'swarmsAt'>,
  wanted: string,
): Promise<Listed[]> {
  const all = below(collection.places, null)
  const isHash = /^[\da-f]{6,64}$/.test(wanted)
  const swarms = isHash ? await swarmsAt(new Set(all.map(pathOf))) : null
  return all.filter((each) => {
    if (each.name.toLowerCase().includes(wanted)) return true
    const swarm = swarms?.get(pathOf(each))
    const hashes = [swarm?.infoHash, swarm?.torrent?.metainfo?.infoHashV2]
    return hashes.some((hash) => hash?.startsWith(wanted))
  })
}

/** The columns by which torrents are sorted. */
const KEYS = ['name', 'size', 'complete', 'downloading', 'changed'] as const
export type ListedKey = (typeof KEYS)[number]

/** The order of the names, if none is asked for. */
export const BY_NAME: ListedKey = 'name'

export function orderOf(form: Form): ListOrder<ListedKey> {
  return parseOrder(new URLSearchParams(form.toString()), KEYS, BY_NAME)
}

/** Sorts torrents. Unknown figures, as without a swarm, are below all others. */
export async function inOrder(
  found: readonly Listed[],
  { sort, isDescending }: ListOrder<ListedKey>,
  { swarmsAt }: Pick<FormsParts, 'swarmsAt'>,
): Promise<readonly Listed[]> {
  const isFigure = sort !== 'name' && sort !== 'changed'
  const swarms = isFigure ? await swarmsAt(new Set(found.map(pathOf))) : null
  const values = new Map<Listed, string | number>()
  for (let at = 0; at < found.length; at += SLICE) {
    const some = found.slice(at, at + SLICE)
    // The tracker answers meanwhile
    await setImmediate()
    const times = sort === 'changed' ? await changesAt(some.map(pathOf)) : null
    for (const [i, each] of some.entries()) {
      const figure = isFigure ? swarms?.get(pathOf(each))?.[sort] : times?.[i]
      values.set(each, sort === 'name' ? naturalKey(shownName(each.name)) : (figure ?? -1))
    }
  }
  const direction = isDescending ? -1 : 1
  return sortInSlices(found, (a, b) => {
    const [left, right] = [values.get(a) ?? -1, values.get(b) ?? -1]
    return left === right ? 0 : left < right ? -direction : direction
  })
}

/** When files were modified, in nanoseconds since 1970; null for one that cannot be examined. */
async function changesAt(paths: readonly string[]): Promise<(number | null)[]> {
  const looks = await lstatMany(paths)
  return looks.map((look) => ('fingerprint' in look ? Number(look.fingerprint.mtimeNs) : null))
}
