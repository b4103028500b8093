import { randomBytes } from 'node:crypto'
import { lstatSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { readNames } from '../../files/scan/read-names.js'
import { statIfThere } from '../../files/stat-files.js'
import { type Actor, type Collection, forEach, infoHashesAt, type Outcome } from './collection.js'
import { type Category, makeDirectories, type Places, type Root } from './places.js'

/** The directory of deleted torrents in a root. It is hidden, so nothing in it is tracked. */
const BIN = '.bin'

/** The limits of the bin. If it has too much, the oldest torrents are removed first. */
export const BIN_LIMITS = {
  /** Milliseconds since a torrent was deleted. */
  age: 30 * 86_400_000,
  bytes: 4 * 1024 ** 3,
}

/**
 * The name of a directory in the bin: when its torrent was deleted, in milliseconds since 1970, and the
 * bytes of the torrent.
 */
const ENTRY = /^(\d{1,15})-[0-9a-f]{8}-(\d{1,15})$/

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
  return collection.change(async () => {
    const outcomes = await forEach(torrents, async (address) => {
      const { category, name, path } = collection.own(actor, address, 'delete')
      const size = statIfThere(path)?.size ?? 0
      const entry = `${collection.now()}-${randomBytes(4).toString('hex')}-${size}`
      const directory = join(category.root.path, BIN, entry, ...category.names)
      makeDirectories(directory, 0o700)
      await collection.move(path, join(directory, name))
      actor.note('delete', collection.subject(category, name))
    })
    await removeExcess(collection, BIN_LIMITS)
    return outcomes
  })
}

/** The first `most` deleted torrents that are `shown`, newest first. */
export function listBin(
  { places }: Collection,
  isShown: (deleted: Deleted) => boolean = () => true,
  most = Infinity,
): Deleted[] {
  const found: Deleted[] = []
  for (const entry of entriesOf(places)) {
    if (found.length >= most) break
    const deleted = describe(places, entry)
    if (deleted && isShown(deleted)) found.push(deleted)
  }
  return found
}

/** Describes an entry of the bin; null if a kill left it empty. */
function describe(places: Places, { id, root, path: directory, deletedAt }: Entry): Deleted | null {
  const path = fileBelow(directory)
  if (path === null) return null
  const names = relative(directory, path).split('/')
  const name = names.pop() ?? ''
  const from = join(root.path, ...names, name)
  return { id, path, name, from, deletedAt, category: places.at(root, names) }
}

/** Puts deleted torrents back where they were. A failure does not stop the others. */
export function restoreTorrents(
  collection: Collection,
  actor: Actor,
  ids: readonly string[],
): Promise<Outcome[]> {
  return collection.changeInfo(() => {
    const bin = new Map(entriesOf(collection.places).map((entry) => [entry.id, entry]))
    return forEach(ids, async (id) => {
      const entry = bin.get(id)
      const deleted = entry && describe(collection.places, entry)
      if (!deleted) throw new BtkitError('not-found', 'it is not in the bin any more')
      const { category, name, from, path } = deleted
      actor.require('delete', collection.ownerOf(deleted))
      const hashes = infoHashesAt(path)
      collection.refuseCopy(from, hashes)
      makeDirectories(category.path)
      collection.places.category(category.address)
      await collection.move(path, from)
      collection.wrote(from, hashes)
      rmSync(entry.path, { recursive: true, force: true })
      actor.note('restore', collection.subject(category, name))
    })
  })
}

/** Removes what the bin keeps no longer, and returns how many torrents that were. */
export function emptyBin(collection: Collection, limits = BIN_LIMITS): Promise<number> {
  return collection.change(() => removeExcess(collection, limits))
}

async function removeExcess(
  { places, owners, now }: Collection,
  { age, bytes }: typeof BIN_LIMITS,
): Promise<number> {
  let total = 0
  const removed = entriesOf(places).filter(({ deletedAt, size }) => {
    total += size
    return now() - deletedAt >= age || total > bytes
  })
  for (const { path } of removed) {
    rmSync(path, { recursive: true, force: true })
    // Announces are answered in between
    await setImmediate()
  }
  await owners.forget(removed.map(({ path }) => path))
  return removed.length
}

/** A directory in the bin. */
interface Entry {
  /** See Deleted. */
  readonly id: string
  readonly root: Root
  readonly path: string
  readonly deletedAt: number
  /** Bytes of its torrent. */
  readonly size: number
}

/** The directories in the bin, newest first. */
function entriesOf({ roots }: Places): Entry[] {
  const all = [...roots.entries()].flatMap(([number, root]) => {
    return namesIn(root).flatMap((name): Entry[] => {
      const [, deletedAt, size] = ENTRY.exec(name) ?? []
      if (deletedAt === undefined) return []
      const path = join(root.path, BIN, name)
      return [
        { id: `${number}/${name}`, root, path, deletedAt: Number(deletedAt), size: Number(size) },
      ]
    })
  })
  return all.sort((a, b) => b.deletedAt - a.deletedAt)
}

function namesIn({ path }: Root): string[] {
  try {
    return readNames(join(path, BIN))
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return []
    throw asBtkitError(error, `bin ${path}`)
  }
}

/** The one file below a directory of the bin; null if there is none. */
function fileBelow(directory: string): string | null {
  const [name] = readNames(directory)
  if (name === undefined) return null
  const path = join(directory, name)
  return lstatSync(path).isDirectory() ? fileBelow(path) : path
}
