import { randomBytes } from 'node:crypto'
import { lstat, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { asBtkitError, awaitSystem, BtkitError, awaitOr } from '../../../base/errors.js'
import { absenceOf } from '../../../disk/look/inside.js'
import { listNames } from '../../../disk/look/read-names.js'
import { OPEN_TO_ALL } from '../../../disk/write/directory.js'
import { isOfUsOrRoot } from '../../../disk/write/target.js'
import { type Actor, type Collection, forEach, infoHashesAt, type Outcome } from './collection.js'
import { type Category, changeIn, type Places, type Spot } from './places.js'

/** The directory of deleted torrents in a root. It is hidden, so nothing in it is tracked. */
const BIN = '.bin'

/** The limits of the bin. If it has too much, the oldest torrents are removed first. */
export const BIN_LIMITS = {
  /** Milliseconds since a torrent was deleted. */
  age: 30 * 86_400_000,
  bytes: 4 * 1024 ** 3,
}

/**
 * The name of a directory in the bin: when its torrent was deleted, in milliseconds since 1970, and
 * the bytes of the torrent.
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
      const { category, name, path } = await collection.own(actor, address, 'delete')
      const { size } = await awaitSystem(name, lstat(path))
      await requireOwn(join(category.root.path, BIN))
      const entry = `${collection.now()}-${randomBytes(4).toString('hex')}-${size}`
      const bin = { ...category, names: [BIN, entry, ...category.names], name }
      await collection.move({ ...category, name }, bin, 0o700)
      await actor.note('delete', collection.subject(category, name))
    })
    await removeExcess(collection, BIN_LIMITS)
    return outcomes
  })
}

/** The first `most` deleted torrents that are `shown`, newest first. */
export async function listBin(
  { places }: Collection,
  isShown: (deleted: Deleted) => boolean = () => true,
  most = Infinity,
): Promise<Deleted[]> {
  const found: Deleted[] = []
  for (const entry of await entriesOf(places)) {
    if (found.length >= most) break
    const deleted = await describe(places, entry)
    if (deleted && isShown(deleted)) found.push(deleted)
  }
  return found
}

/** Describes an entry of the bin; null if a kill left it empty. */
async function describe(places: Places, entry: Entry): Promise<Deleted | null> {
  const { id, root, path: directory, deletedAt } = entry
  const path = await fileBelow(directory)
  if (path === null) return null
  const names = relative(directory, path).split('/')
  const name = names.pop() ?? ''
  const from = join(root.path, ...names, name)
  return { id, path, name, from, deletedAt, category: places.at(root, names) }
}

/**
 * Puts deleted torrents back where they were. A failure does not stop the others. Addresses are
 * names.
 */
export function restoreTorrents(
  collection: Collection,
  actor: Actor,
  ids: readonly string[],
): Promise<Outcome[]> {
  return collection.changeInfo(async () => {
    const entries = await entriesOf(collection.places)
    const bin = new Map(entries.map((entry) => [entry.id, entry]))
    const shown = new Map<string, string>()
    const outcomes = await forEach(ids, async (id) => {
      const entry = bin.get(id)
      const deleted = entry && (await describe(collection.places, entry))
      if (!deleted) throw new BtkitError('not-found', 'it is not in the bin any more')
      const { category, name, from, path } = deleted
      shown.set(id, name)
      actor.require('delete', await collection.ownerOf(deleted))
      const hashes = await infoHashesAt(path)
      await collection.refuseCopy(from, hashes)
      const names = [...entry.names, entry.name, ...category.names]
      await collection.move({ ...category, names, name }, { ...category, name }, OPEN_TO_ALL)
      collection.wrote(from, hashes)
      await removeEntry(entry)
      await actor.note('restore', collection.subject(category, name))
    })
    return outcomes.map(({ address, error }) => ({ address: shown.get(address) ?? '', error }))
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
  const removed = (await entriesOf(places)).filter(({ deletedAt, size }) => {
    total += size
    return now() - deletedAt >= age || total > bytes
  })
  for (const entry of removed) await removeEntry(entry)
  await owners.forget(removed.map(({ path }) => path))
  return removed.length
}

async function removeEntry(entry: Entry): Promise<void> {
  await changeIn(entry, async (bin) => {
    // It may be another one than was listed
    await requireOwn(bin.at())
    await awaitSystem(entry.path, rm(bin.at(entry.name), { recursive: true, force: true }))
  })
}

/** @throws BtkitError `unsafe-path` for a bin of others, who could make links of what is in it */
async function requireOwn(bin: string): Promise<void> {
  if (!(await isOwn(bin)))
    throw new BtkitError('unsafe-path', `${BIN}: other users can change it; move it away`)
}

/** Whether only this user and root can change a bin; also if there is none. */
async function isOwn(bin: string): Promise<boolean> {
  const stats = await stat(bin).catch(() => null)
  if (!stats || !process.geteuid) return true
  const mayOthersWrite = (stats.mode & 0o022) !== 0
  return stats.isDirectory() && isOfUsOrRoot(stats) && !mayOthersWrite
}

/** A directory in the bin. */
interface Entry extends Spot {
  /** See Deleted. */
  readonly id: string
  readonly path: string
  readonly deletedAt: number
  /** Bytes of its torrent. */
  readonly size: number
}

/** The directories in the bin, newest first. */
async function entriesOf({ roots }: Places): Promise<Entry[]> {
  const lists = roots.map(async (root, number) => {
    const bin = join(root.path, BIN)
    if (!(await isOwn(bin))) return []
    const names = await awaitOr([], awaitSystem(`bin ${root.path}`, listNames(bin)), 'not-found')
    return names.flatMap((name): Entry[] => {
      const [, deletedAt, size] = ENTRY.exec(name) ?? []
      if (deletedAt === undefined) return []
      const [spot, path] = [{ root, names: [BIN], name }, join(bin, name)]
      const id = `${number}/${name}`
      return [{ ...spot, id, path, deletedAt: Number(deletedAt), size: Number(size) }]
    })
  })
  const all = (await Promise.all(lists)).flat()
  return all.sort((a, b) => b.deletedAt - a.deletedAt)
}

/** The one file below a directory of the bin; null if there is none, or if it was just restored. */
async function fileBelow(directory: string): Promise<string | null> {
  try {
    const [name] = await listNames(directory)
    if (name === undefined) return null
    const path = join(directory, name)
    return (await lstat(path)).isDirectory() ? await fileBelow(path) : path
  } catch (error) {
    if (absenceOf(error) === 'missing') return null
    throw asBtkitError(error, directory)
  }
}
