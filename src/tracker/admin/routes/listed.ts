import { awaitOr } from '../../../base/errors.js'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { parseUnhashedTorrent } from '../../../core/read-torrent.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { lstatMany } from '../../../disk/look/stat-files.js'
import { contentSize } from '../../../metainfo/metainfo.js'
import { DEFAULT_MAX_SIZE } from '../../../metainfo/bencode/check.js'
import { SLICE, sortInSlices } from '../../../page-parts/slices.js'
import { type ListOrder } from '../../../page-parts/sorting.js'
import { renderTime } from '../../../page-parts/time.js'
import { clipText } from '../../../base/text/escape.js'
import { html, type Html } from '../../../base/text/html.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import { counted, formatBytes } from '../../../base/text/quantity.js'
import { type Category, type ListedCategory, type Places, shownName } from '../storage/places.js'
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
export function below(
  places: Places,
  listed: readonly ListedCategory[],
  category: Category | null,
): Listed[] {
  const isBelow = (each: Category) => category === null || places.holds(category, each)
  return listed
    .filter(isBelow)
    .flatMap((each) => each.torrents.map((name) => ({ category: each, name })))
}

/** The torrents with a text in the names that rows show, or with the begin of an info hash. */
export async function search(
  all: readonly Listed[],
  { swarmsAt, bannedAt }: Pick<FormsParts, 'swarmsAt' | 'bannedAt'>,
  wanted: string,
): Promise<Listed[]> {
  const isHash = /^[\da-f]{6,64}$/.test(wanted)
  const swarms = await swarmsAt(new Set(all.map(pathOf)))
  return all.filter((each) => {
    const path = pathOf(each)
    const swarm = swarms.get(path)
    const names = [each.name, swarm?.name ?? '']
    if (names.some((name) => name.toLowerCase().includes(wanted))) return true
    if (!isHash) return false
    // A banned torrent has no swarm
    const hashes = [swarm?.infoHash, swarm?.torrent?.metainfo?.infoHashV2, bannedAt(path)]
    return hashes.some((hash) => hash?.startsWith(wanted))
  })
}

/** The columns by which torrents are sorted. */
export const LISTED_KEYS = ['name', 'size', 'complete', 'downloading', 'changed'] as const
export type ListedKey = (typeof LISTED_KEYS)[number]

/** The order of the names, if none is asked for. */
export const BY_NAME: ListedKey = 'name'

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

/** The longest name of content that is shown. File systems have at most 255 bytes. */
const LONGEST_NAME = 255

/** The words of a row about a torrent's file. */
interface Facts {
  readonly told: Html
  readonly size: string
}

/**
 * The words of rows, by path and state of the file: to read a hundred torrents again takes seconds.
 */
const known = new LRUCache<string, Facts>({ max: 10_000 })

/** The words of a row about the torrent at a path, read again only if its file changed. */
export async function factsAt(path: string): Promise<Facts & { readonly changed: Html | null }> {
  const stats = await lstat(path).catch(() => null)
  const changed = stats && renderTime(stats.mtimeMs, 'minute')
  const key = [path, stats?.ino, stats?.size, stats?.mtimeMs, stats?.ctimeMs].join('\0')
  const facts = known.get(key) ?? (await awaitOr(UNREADABLE, readFacts(path)))
  known.set(key, facts)
  return { ...facts, changed }
}

async function readFacts(path: string): Promise<Facts> {
  const file = await readRegular(path, DEFAULT_MAX_SIZE, null)
  const bytes = file?.bytes ?? new Uint8Array(0)
  const metainfo = parseUnhashedTorrent(bytes, path, DEFAULT_MAX_SIZE)
  const { files } = metainfo
  const name = clipText(metainfo.name, LONGEST_NAME)
  const isOther = shownName(path) !== name
  const number = counted(files.filter(({ padding }) => !padding).length, 'file')
  return {
    told: html`${isOther && `${name}, `}${number}`,
    size: formatBytes(contentSize(metainfo)),
  }
}

const UNREADABLE: Facts = {
  told: html`<span class="bad">not a torrent, or not readable</span>`,
  size: '',
}
