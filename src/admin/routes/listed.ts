import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { lstatMany } from '../../files/stat-files.js'
import type { Form } from '../../pages/form.js'
import { SLICE, sortInSlices } from '../../server/views/slices.js'
import { type ListOrder, parseOrder } from '../../server/views/sorting.js'
import type { Category, Places } from '../storage/places.js'
import type { FormsParts } from './parts.js'

/** A torrent's file in a category. */
export interface Listed {
  readonly category: Category
  readonly name: string
}

export function pathOf({ category, name }: Listed): string {
  return join(category.path, name)
}

export function inCategory(places: Places, category: Category): Listed[] {
  return places.torrentNames(category).map((name) => ({ category, name }))
}

/** The torrents of all categories with a text in their names. */
export function search(places: Places, wanted: string): Listed[] {
  return places.list().flatMap((category) => {
    const names = places.namesIfReadable(category)
    return names.flatMap((name) =>
      name.toLowerCase().includes(wanted) ? [{ category, name }] : [],
    )
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

/** Sorts torrents, which come by name. Unknown figures, as without a swarm, are below all others. */
export async function inOrder(
  found: readonly Listed[],
  { sort, isDescending }: ListOrder<ListedKey>,
  { swarmsAt }: Pick<FormsParts, 'swarmsAt'>,
): Promise<readonly Listed[]> {
  if (sort === 'name') return isDescending ? found.toReversed() : found
  const swarms = sort === 'changed' ? null : await swarmsAt(new Set(found.map(pathOf)))
  const values = new Map<Listed, number>()
  for (let at = 0; at < found.length; at += SLICE) {
    const some = found.slice(at, at + SLICE)
    // The tracker answers meanwhile
    await setImmediate()
    const times = sort === 'changed' ? await changesAt(some.map(pathOf)) : null
    for (const [i, each] of some.entries()) {
      const value = sort === 'changed' ? times?.[i] : swarms?.get(pathOf(each))?.[sort]
      values.set(each, value ?? -1)
    }
  }
  const direction = isDescending ? -1 : 1
  return sortInSlices(found, (a, b) => direction * ((values.get(a) ?? 0) - (values.get(b) ?? 0)))
}

/** When files were modified, in nanoseconds since 1970; null for one that cannot be examined. */
async function changesAt(paths: readonly string[]): Promise<(number | null)[]> {
  const looks = await lstatMany(paths)
  return looks.map((look) => ('fingerprint' in look ? Number(look.fingerprint.mtimeNs) : null))
}
