import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { forEach, type Actor, type Collection, type Outcome } from './collection.js'
import { makeDirectories } from './move-entry.js'
import type { Category, Root } from './places.js'

/** The directory of deleted torrents in a root. It is hidden, so nothing in it is tracked. */
const BIN = '.bin'

/** Milliseconds that deleted torrents are kept. */
export const KEPT_MS = 30 * 86_400_000

/** The name of a directory in the bin: when its torrent was deleted, in milliseconds since 1970. */
const ENTRY = /^(\d{1,15})-[0-9a-f]{8}$/

/** A deleted torrent. */
export interface Deleted {
  /** The number of its root, a slash, and the name of its directory in the bin. */
  readonly id: string
  /** The category that it was in, which may be gone. */
  readonly category: Category
  readonly name: string
  /** Where it was. */
  readonly from: string
  /** Where it is in the bin. */
  readonly path: string
  /** Milliseconds since 1970. */
  readonly deletedAt: number
}

/** Deletes torrents into the bin. A failure does not stop the others. */
export function deleteTorrents(
  collection: Collection,
  actor: Actor,
  torrents: readonly string[],
): Promise<Outcome[]> {
  return collection.change(() =>
    forEach(torrents, async (address) => {
      const { category, name, path } = collection.own(actor, address, 'delete')
      const entry = `${collection.now()}-${randomBytes(4).toString('hex')}`
      const directory = join(category.root.path, BIN, entry, ...category.names)
      makeDirectories(directory, 0o700)
      await collection.move(path, join(directory, name))
      actor.note('delete', collection.subject(category, name))
    }),
  )
}

/** The deleted torrents, newest first. */
export function listBin({ places }: Collection): Deleted[] {
  const found = [...places.roots.entries()].flatMap(([number, root]) => {
    return entriesOf(root).flatMap((entry): Deleted[] => {
      const place = findTorrent(join(root.path, BIN, entry))
      const id = `${number}/${entry}`
      return place ? [{ id, ...place, ...describe({ places }, root, place) }] : []
    })
  })
  return found.sort((a, b) => b.deletedAt - a.deletedAt)
}

function describe({ places }: Pick<Collection, 'places'>, root: Root, { path }: { path: string }) {
  const [entry = '', ...names] = relative(join(root.path, BIN), path).split('/')
  const name = names.pop() ?? ''
  const from = join(root.path, ...names, name)
  const deletedAt = Number(ENTRY.exec(entry)?.[1])
  return { category: places.at(root, names), name, from, deletedAt }
}

/** Puts deleted torrents back where they were. A failure does not stop the others. */
export function restoreTorrents(
  collection: Collection,
  actor: Actor,
  ids: readonly string[],
): Promise<Outcome[]> {
  return collection.change(() => {
    const bin = new Map(listBin(collection).map((deleted) => [deleted.id, deleted]))
    return forEach(ids, async (id) => {
      const deleted = bin.get(id)
      if (!deleted) throw new BtkitError('not-found', 'it is not in the bin any more')
      const { category, name, from, path } = deleted
      actor.require('delete', collection.ownerOf(deleted))
      makeDirectories(category.path)
      collection.places.category(category.address)
      await collection.move(path, from)
      rmSync(entryPath(collection, id), { recursive: true, force: true })
      actor.note('restore', collection.subject(category, name))
    })
  })
}

/** Removes what was deleted more than 30 days ago, and returns how many torrents that were. */
export function emptyBin(collection: Collection): Promise<number> {
  return collection.change(() => {
    let count = 0
    for (const [number, root] of collection.places.roots.entries()) {
      for (const entry of entriesOf(root)) {
        const deletedAt = Number(ENTRY.exec(entry)?.[1])
        if (collection.now() - deletedAt < KEPT_MS) continue
        const path = entryPath(collection, `${number}/${entry}`)
        rmSync(path, { recursive: true, force: true })
        collection.owners.forget(path)
        count++
      }
    }
    return Promise.resolve(count)
  })
}

function entryPath({ places }: Collection, id: string): string {
  const [number, entry = ''] = id.split('/')
  return join(places.roots[Number(number)]?.path ?? '', BIN, entry)
}

function entriesOf({ path }: Root): string[] {
  try {
    return readdirSync(join(path, BIN)).filter((name) => ENTRY.test(name))
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return []
    throw asBtkitError(error, `bin ${path}`)
  }
}

/** The one file below a directory of the bin; null if a kill left it empty. */
function findTorrent(directory: string): { readonly path: string } | null {
  const [entry] = readdirSync(directory, { withFileTypes: true })
  if (!entry) return null
  const path = join(directory, entry.name)
  return entry.isDirectory() ? findTorrent(path) : { path }
}
