import { setImmediate } from 'node:timers/promises'
import { editFiles, type EditOutcome } from '../../../core/edit/files.js'
import { loadTorrent } from '../../../core/read-torrent.js'
import { editOf, type TorrentChanges } from '../../../library/changes.js'
import { swarmHashes } from '../../../metainfo/info-hash.js'
import { type Actor, type Collection, CopyError, mainHash } from './collection.js'
import { changeIn, type CollectionPlace } from './places.js'
import type { EditedFile } from '../../../core/edit/file.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { type ChangedFact, changedFacts } from '../../../metainfo/facts.js'

/** Torrents, and how each is read. */
interface ReadTorrents<Read> {
  readonly torrents: readonly string[]
  /** Returns the part of a torrent that is kept: there may be many. */
  readonly open: (address: string, metainfo: Metainfo) => Read
}

/** An edit of torrents. */
interface TorrentsEdit<Read> extends ReadTorrents<Read> {
  /** The changes to these torrents; it throws if they are not those that somebody saw. */
  readonly changesOf: (opened: readonly Read[]) => TorrentChanges
  /** Whether to write nothing. */
  readonly isDry: boolean
}

/**
 * Reads torrents that a user may edit.
 * @throws BtkitError if one of them cannot be edited
 */
export async function openTorrents<Read>(
  collection: Collection,
  actor: Actor,
  { torrents, open }: ReadTorrents<Read>,
): Promise<Read[]> {
  const opened: Read[] = []
  for (const address of torrents) {
    const { path } = await collection.own(actor, address)
    opened.push(open(address, await loadTorrent(path)))
    // Announces are answered in between
    await setImmediate()
  }
  return opened
}

/**
 * Edits torrents. A failure to write one does not stop the others.
 * @throws BtkitError `not-permitted`, `not-found`, `usage` for bad values, and as `changesOf`
 */
export function editTorrents<Read>(
  collection: Collection,
  actor: Actor,
  edit: TorrentsEdit<Read>,
): Promise<EditOutcome[]> {
  return collection.changeInfo(async () => {
    const opened = await openTorrents(collection, actor, edit)
    const places: CollectionPlace[] = []
    for (const address of edit.torrents) places.push(await collection.own(actor, address))
    const changes = edit.changesOf(opened)
    const planned = await run(places, changes, true)
    await refuseCopies(collection, places, planned)
    if (edit.isDry) return planned
    await keepOwners(collection, places, planned)
    const edited = await run(places, changes, false)
    for (const [i, { category, name, path }] of places.entries()) {
      const outcome = edited[i]
      if (outcome?.error !== null || !outcome.isChanged) continue
      collection.wrote(path, outcome.after)
      await actor.note('edit', collection.subject(category, name), changed(outcome))
    }
    return edited
  })
}

/** Edits the torrents of one category after the other, which no link can take the place of. */
async function run(
  places: readonly CollectionPlace[],
  changes: TorrentChanges,
  dryRun: boolean,
): Promise<EditOutcome[]> {
  const outcomes = new Map<CollectionPlace, EditOutcome>()
  const options = { outputOf: null, dryRun, force: false, tellHashes: true }
  const request = { ...options, edit: editOf(changes) }
  const { signal } = new AbortController()
  const categories = new Map(places.map(({ category }) => [category.address, category]))
  for (const category of categories.values()) {
    const own = places.filter((place) => place.category.address === category.address)
    await changeIn(category, async (directory) => {
      const files = own.map(({ name }) => ({ directory, name }))
      let next = 0
      for await (const outcome of editFiles(files, request, signal)) {
        const place = own[next++]
        if (place) outcomes.set(place, outcome)
      }
    })
  }
  return places.flatMap((place) => outcomes.get(place) ?? [])
}

/** Refuses a change of info that leads to another torrent. */
async function refuseCopies(
  collection: Collection,
  places: readonly CollectionPlace[],
  planned: readonly EditOutcome[],
): Promise<void> {
  const paths = new Map<string, string>()
  for (const [i, { path }] of places.entries()) {
    const plan = planned[i]
    if (plan?.error !== null) continue
    await collection.refuseCopy(path, plan.after)
    for (const hash of swarmHashes(plan.after)) {
      const other = paths.get(hash)
      if (other !== undefined) throw new CopyError(path, other, hash)
      paths.set(hash, path)
    }
  }
}

/** Records the owners under the info hashes that the torrents are about to get. */
async function keepOwners(
  { owners }: Collection,
  places: readonly CollectionPlace[],
  planned: readonly EditOutcome[],
): Promise<void> {
  const byUser = new Map<string, { path: string; infoHash: string }[]>()
  for (const [i, { path }] of places.entries()) {
    const plan = planned[i]
    if (plan?.error !== null) continue
    const user = owners.of({ path, infoHash: mainHash(plan.before) })
    const added = { path, infoHash: mainHash(plan.after) }
    if (user === null || owners.of(added) === user) continue
    const ofUser = byUser.get(user) ?? []
    ofUser.push(added)
    byUser.set(user, ofUser)
  }
  for (const [user, added] of byUser) await owners.add(added, user)
}

/** The order of the log; info hashes follow from these. */
const TOLD: readonly ChangedFact['name'][] = [
  ...(['name', 'comment', 'source', 'private'] as const),
  ...(['announce', 'announceList', 'webSeeds'] as const),
]

/** Names the values that an edit changed. */
function changed({ before, after }: Pick<EditedFile, 'before' | 'after'>): string {
  const names = new Set(changedFacts(before, after).map(({ name }) => name))
  return TOLD.filter((name) => names.has(name)).join(', ')
}
