import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { writeAtomically } from '../../files/write/atomically.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { forEach, mainHash, type Actor, type Desk, type Outcome } from './desk.js'
import { torrentName } from './names.js'
import { isTaken, type Category } from './places.js'
import type { Trays } from './tray.js'

/** A torrent to put into a category. */
export interface NewTorrent {
  readonly bytes: Uint8Array
  /** Its file name, with or without `.torrent`. */
  readonly name: string
  readonly category: Category
}

/**
 * Writes a new torrent, and records who added it. An existing file is never replaced, but may have
 * the very same bytes.
 * @throws BtkitError `exists`, `bad-name`, `not-permitted` or `io`
 */
export async function addTorrent(desk: Desk, actor: Actor, torrent: NewTorrent): Promise<void> {
  const { bytes, category } = torrent
  const name = torrentName(torrent.name)
  const path = join(category.path, name)
  desk.held.refuse({ address: '', category, name, path })
  if (isTaken(path) && !holds(path, bytes))
    throw new BtkitError('exists', `${name}: is there already; choose another name`)
  if (isTaken(path)) return
  const infoHash = mainHash(parseMetainfo(bytes, { maxSize: bytes.length }))
  desk.owners.add([{ path, infoHash }], actor.user.name)
  await writeAtomically(path, bytes, { noClobber: true })
  actor.note('add', desk.subject(category, name))
}

/** Whether a file has these bytes: an earlier run was killed before it could remove the original. */
function holds(path: string, bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(readBoundedRegular(path, bytes.length), bytes) === 0
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}

/** Torrents that wait in a tray, and where they go. */
export interface Keeping {
  readonly trays: Trays
  /** The address of the category. */
  readonly to: string
  /** The names in the tray, and the names to give. */
  readonly names: ReadonlyMap<string, string>
}

/** Keeps torrents that a user uploaded. A failure does not stop the others. */
export function keepTorrents(desk: Desk, actor: Actor, keeping: Keeping): Promise<Outcome[]> {
  const { trays, to, names } = keeping
  return desk.change(() => {
    const category = desk.places.category(to)
    return forEach([...names.keys()], async (waiting) => {
      const { bytes } = trays.get(actor.user.name, waiting).metainfo
      await addTorrent(desk, actor, { bytes, name: names.get(waiting) ?? waiting, category })
      trays.discard(actor.user.name, [waiting])
    })
  })
}
