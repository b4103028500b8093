import { join } from 'node:path'
import { BtkitError, valueOr } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { writeAtomically } from '../../files/write/atomically.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { forEach, mainHash, type Actor, type Collection, type Outcome } from './collection.js'
import { torrentName } from './names.js'
import { isTaken, type Category } from './places.js'
import type { WaitingUploads } from './waiting-uploads.js'

/** A torrent to put into a category. */
export interface NewTorrent {
  readonly bytes: Uint8Array
  /** Its file name, with or without `.torrent`. */
  readonly name: string
  readonly category: Category
}

/**
 * Writes a new torrent, and records who added it. An existing file is never replaced, but may have
 * the very same bytes. Call it in `changeInfo`.
 * @throws BtkitError `exists`, `bad-name`, `not-permitted` or `io`
 */
export async function addTorrent(
  collection: Collection,
  actor: Actor,
  torrent: NewTorrent,
): Promise<void> {
  const { bytes, category } = torrent
  const name = torrentName(torrent.name)
  const path = join(category.path, name)
  collection.held.refuse({ category, name })
  if (isTaken(path) && !holds(path, bytes))
    throw new BtkitError('exists', `${name}: is there already; choose another name`)
  if (isTaken(path)) return
  const metainfo = parseMetainfo(bytes, { maxSize: bytes.length })
  collection.refuseCopy(path, metainfo)
  const infoHash = mainHash(metainfo)
  collection.owners.add([{ path, infoHash }], actor.user.name)
  await writeAtomically(path, bytes, { noClobber: true })
  collection.wrote(path, metainfo)
  actor.note('add', collection.subject(category, name))
}

/** Whether a file has these bytes: an earlier run was killed before it could remove the original. */
function holds(path: string, bytes: Uint8Array): boolean {
  return valueOr(false, () => Buffer.compare(readBoundedRegular(path, bytes.length), bytes) === 0)
}

/** Torrents that wait to be kept, and where they go. */
export interface Keeping {
  readonly uploads: WaitingUploads
  /** The address of the category. */
  readonly to: string
  /** The names of waiting torrents, and the names to give. */
  readonly names: ReadonlyMap<string, string>
}

/** Keeps torrents that a user uploaded. A failure does not stop the others. */
export function keepTorrents(
  collection: Collection,
  actor: Actor,
  keeping: Keeping,
): Promise<Outcome[]> {
  const { uploads, to, names } = keeping
  return collection.changeInfo(() => {
    const category = collection.places.category(to)
    return forEach([...names.keys()], async (waiting) => {
      const bytes = uploads.bytesOf(actor.user.name, waiting)
      await addTorrent(collection, actor, { bytes, name: names.get(waiting) ?? waiting, category })
      uploads.discard(actor.user.name, [waiting])
    })
  })
}
