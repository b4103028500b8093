import { mkdir, rmdir } from 'node:fs/promises'
import { asBtkitError, BtkitError, inField, osCodeOf } from '../../../base/errors.js'
import { isWithin } from '../../../disk/look/inside.js'
import { syncDirectory } from '../../../disk/write/draft.js'
import { OPEN_TO_ALL } from '../../../disk/write/directory.js'
import { type Actor, type Collection, forEach, type Outcome } from './collection.js'
import { type Category, changeIn, spotOf } from './places.js'

/**
 * Creates a category in another one, and returns it.
 * @throws BtkitError `exists`, `bad-name`, `not-permitted`
 */
export function createCategory(
  collection: Collection,
  actor: Actor,
  parent: string,
  name: string,
): Promise<Category> {
  actor.require('organize')
  return collection.change(async () => {
    const above = await inField('parent', () => collection.places.category(parent))
    const made = collection.places.below(above, name)
    await changeIn(above, async (directory) => {
      await mkdir(directory.at(name)).catch((error: unknown) => {
        if (osCodeOf(error) === 'EEXIST')
          throw new BtkitError('exists', `${name}: already exists; choose another name`)
        throw asBtkitError(error, name)
      })
      await syncDirectory(directory.at())
    })
    await actor.note('create category', collection.subject(made))
    return made
  })
}

/**
 * Gives a category another name.
 * @throws BtkitError `exists`, `bad-name`, `not-permitted`
 */
export function renameCategory(
  collection: Collection,
  actor: Actor,
  address: string,
  name: string,
): Promise<void> {
  actor.require('organize')
  return collection.change(async () => {
    const from = requireNoRoot(collection, await collection.places.category(address))
    const parent = await collection.places.category(address.slice(0, address.lastIndexOf('/')))
    const to = collection.places.below(parent, name)
    const { places, held } = collection
    for (const each of (await places.list()).filter(({ path }) => isWithin(path, from.path))) {
      await places.requireReadable(each)
      for (const torrent of each.torrents) held.refuse(each.path, torrent)
    }
    await collection.move(spotOf(from), spotOf(to))
    await actor.note('rename category', collection.subject(from), `to ${name}`)
  })
}

/**
 * Removes an empty category.
 * @throws BtkitError `exists` if it is not empty, `not-permitted`
 */
export function removeCategory(
  collection: Collection,
  actor: Actor,
  address: string,
): Promise<void> {
  actor.require('organize')
  return collection.change(async () => {
    const category = requireNoRoot(collection, await collection.places.category(address))
    const spot = spotOf(category)
    await changeIn(spot, async (directory) => {
      await rmdir(directory.at(spot.name)).catch((error: unknown) => {
        if (osCodeOf(error) === 'ENOTEMPTY')
          throw new BtkitError('exists', 'the category is not empty; move or delete what is in it')
        throw asBtkitError(error, category.names.join('/'))
      })
      await syncDirectory(directory.at())
    })
    await actor.note('remove category', collection.subject(category))
  })
}

/** Moves torrents to a category; in it, they stay. A failure does not stop the others. */
export function moveTorrents(
  collection: Collection,
  actor: Actor,
  torrents: readonly string[],
  to: string,
): Promise<Outcome[]> {
  return collection.change(async () => {
    const category = await collection.places.category(to)
    return forEach(torrents, (address) => moveTorrent(collection, actor, { address, to: category }))
  })
}

/**
 * Moves torrents to the archive or back, into the category of the same name, which is created if
 * necessary. A failure does not stop the others.
 */
export function archiveTorrents(
  collection: Collection,
  actor: Actor,
  torrents: readonly string[],
  isBack: boolean,
): Promise<Outcome[]> {
  const { places } = collection
  return collection.change(() =>
    forEach(torrents, async (address) => {
      const { category } = await places.torrent(address)
      if (category.root.isArchive !== isBack)
        throw new BtkitError('exists', isBack ? 'it is not archived' : 'it is archived already')
      const root = places.roots.find(({ isArchive }) => isArchive !== isBack)
      if (!root) throw new BtkitError('usage', 'there is no archive; use --archive-dir')
      const to = places.at(root, category.names)
      await moveTorrent(collection, actor, { address, to, mode: OPEN_TO_ALL })
    }),
  )
}

async function moveTorrent(
  collection: Collection,
  actor: Actor,
  { address, to, mode }: { address: string; to: Category; mode?: number },
): Promise<void> {
  const { category, name } = await collection.own(actor, address)
  if (category.address === to.address) return
  // A name that completedir keeps there may be missing just now
  collection.held.refuse(to.path, name)
  await collection.move({ ...category, name }, { ...to, name }, mode)
  const target = collection.subject(category, name)
  await actor.note('move', target, `to ${collection.subject(to)}`)
}

/** Refuses a directory that the tracker was given, or that has one below it. */
function requireNoRoot({ places }: Collection, category: Category): Category {
  if (!places.roots.some(({ path }) => isWithin(path, category.path))) return category
  throw new BtkitError(
    'usage',
    'this is the directory of --allowed-dir itself; it cannot be changed here',
  )
}
