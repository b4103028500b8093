import { setImmediate } from 'node:timers/promises'
import type { EditOutcome } from '../../../core/edit/files.js'
import { loadTorrent } from '../../../core/read-torrent.js'
import type { TorrentChanges } from '../../../library/changes.js'
import { editFiles } from '../../../library/edit.js'
import { refuseChanged, requireTorrents } from '../../../pages/forms/edit.js'
import { type Opened, openTorrent } from '../../../pages/work/opened.js'
import { swarmHashes } from '../../../metainfo/info-hash.js'
import { type Actor, type Collection, CopyError, mainHash } from './collection.js'
import type { CollectionPlace } from './places.js'
import type { EditedFile } from '../../../core/edit/file.js'
import { type ChangedFact, changedFacts } from '../../../metainfo/facts.js'

/** An edit of torrents as a form showed them. */
interface TorrentsEdit {
  readonly torrents: readonly string[]
  /** The digest of what the form showed. */
  readonly digest: string
  /** The changes to torrents that have these values. */
  readonly changesOf: (opened: readonly Opened[]) => TorrentChanges
  /** Whether to write nothing. */
  readonly isDry: boolean
}

/**
 * Reads torrents that a user may edit.
 * @throws BtkitError if one of them cannot be edited
 */
export async function openTorrents(
  collection: Collection,
  actor: Actor,
  torrents: readonly string[],
): Promise<Opened[]> {
  requireTorrents(torrents)
  const opened: Opened[] = []
  for (const address of torrents) {
    const { path } = await collection.own(actor, address)
    opened.push(openTorrent(address, await loadTorrent(path)))
    // Announces are answered in between
    await setImmediate()
  }
  return opened
}

/**
 * Edits torrents. Nothing is edited if one of them is not as the form showed it. A failure to write
 * one does not stop the others.
 * @throws BtkitError `changed`, `not-permitted`, `not-found`, and `usage` for bad values
 */
export function editTorrents(
  collection: Collection,
  actor: Actor,
  edit: TorrentsEdit,
): Promise<EditOutcome[]> {
  return collection.changeInfo(async () => {
    const opened = await openTorrents(collection, actor, edit.torrents)
    refuseChanged(opened, edit.digest)
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

async function run(
  places: readonly CollectionPlace[],
  changes: TorrentChanges,
  dryRun: boolean,
): Promise<EditOutcome[]> {
  const outcomes: EditOutcome[] = []
  const files = places.map(({ path }) => path)
  for await (const outcome of editFiles(files, changes, { dryRun })) outcomes.push(outcome)
  return outcomes
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
