import { Buffer } from 'node:buffer'
import { editTorrent as edit } from '../core/edit/torrent.js'
import {
  checkSeconds,
  setDetails,
  setName,
  type Details,
  setSeeds,
} from '../metainfo/edit/details.js'
import { combineEdits, type TorrentEdit } from '../metainfo/edit/splice-torrent.js'
import {
  replaceUrl,
  type TrackerReplacement,
  takeTrackerSteps,
  changeTrackers,
  trackerBytes,
} from '../metainfo/edit/trackers.js'
import { checkName } from '../metainfo/name.js'
import { withInfoHashes, type Metainfo } from '../metainfo/metainfo.js'
import { parseUnhashed } from '../metainfo/parse/metainfo.js'
import {
  checkSeed,
  checkTracker,
  type SeedKind,
  storedUrl,
  type TrackerTiers,
  tiersOf,
  urlForms,
} from '../metainfo/trackers.js'

/** Changes to a torrent. Undefined keeps a value, and null removes it. */
export interface TorrentChanges extends Details {
  /** Part of `info`: changing it changes the info hash. */
  readonly name?: string | undefined
  /** Replaces all trackers. */
  readonly trackers?: TrackerTiers | null | undefined
  /** URLs of trackers to remove. */
  readonly removeTrackers?: readonly string[] | undefined
  /** Trackers whose URL is `from`, or begins with it, get another beginning. */
  readonly replaceTrackers?: readonly TrackerReplacement[] | undefined
  /** Trackers to add, each as a new last tier. */
  readonly addTrackers?: readonly string[] | undefined
  /** Replaces all web seeds (BEP 19). */
  readonly webSeeds?: readonly string[] | null | undefined
  /** Replaces all HTTP seeds (BEP 17). */
  readonly httpSeeds?: readonly string[] | null | undefined
}

/**
 * Edits a torrent in memory. All bytes are preserved except those of changed values. If nothing
 * changes, the result has the same `bytes` array.
 * @throws BtkitError `usage` for a bad URL, `bencode` or `metainfo` for a bad torrent, and
 *   `metainfo` if the changes would break the torrent
 */
export function editTorrent(torrent: Uint8Array | Metainfo, changes: TorrentChanges): Metainfo {
  const bytes = torrent instanceof Uint8Array ? torrent : torrent.bytes
  return withInfoHashes(edit(parseUnhashed(bytes, { maxSize: bytes.length }), editOf(changes)))
}

/**
 * Translates changes into an edit.
 * @throws BtkitError `usage` for a bad URL, `bad-name` for a name that is a path
 */
export function editOf(changes: TorrentChanges): TorrentEdit {
  const { name, webSeeds, httpSeeds, creationDate } = changes
  return combineEdits([
    setDetails({ ...changes, creationDate: creationDate && checkSeconds(creationDate) }),
    trackerEdit(changes),
    ...(name === undefined ? [] : [setName(checkName(name))]),
    ...(webSeeds === undefined ? [] : [setSeeds('webSeeds', checkSeeds(webSeeds, 'web seed'))]),
    ...(httpSeeds === undefined ? [] : [setSeeds('httpSeeds', checkSeeds(httpSeeds, 'HTTP seed'))]),
  ])
}

/** An empty list removes the key. */
function checkSeeds(seeds: readonly string[] | null, kind: SeedKind): string[] | null {
  return seeds && seeds.length > 0 ? seeds.map((url) => checkSeed(url, kind)) : null
}

function trackerEdit(changes: TorrentChanges): TorrentEdit {
  const { trackers, removeTrackers = [], replaceTrackers = [], addTrackers = [] } = changes
  const set = trackers === undefined ? null : tiersOf(trackers ?? [])
  const steps = {
    set: set && set.map((tier) => tier.map(trackerBytes)),
    remove: removeTrackers.flatMap(urlForms).map(trackerBytes),
    replace: replaceTrackers.flatMap(({ from, to }) => {
      return urlForms(from).map((form) => replacer({ from: form, to }))
    }),
    add: addTrackers.map((url) => trackerBytes(checkTracker(url))),
  }
  return changeTrackers((before) => takeTrackerSteps(before, steps))
}

function replacer({ from, to }: TrackerReplacement): (url: string) => string {
  const replacement = { from, to: storedUrl(to) }
  return (latin1) => {
    const url = Buffer.from(latin1, 'latin1').toString()
    const replaced = replaceUrl(url, replacement)
    return replaced === url ? latin1 : trackerBytes(replaced)
  }
}
