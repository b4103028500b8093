import { BtkitError } from '../../../base/errors.js'
import { escapeText } from '../../../base/text/escape.js'
import { formatBytes } from '../../../base/text/quantity.js'
import { GET_AGAIN } from '../../../metainfo/bencode/check.js'
import {
  type Actor,
  type AddedFacts,
  addTorrent,
  type Collection,
  forEach,
  type Outcome,
} from './collection.js'
import type { ThisTracker } from './this-tracker.js'

/** A file of an upload. */
export interface UploadedFile {
  readonly name: string
  /** Null for a file that is larger than a torrent may be. */
  readonly bytes: Uint8Array | null
}

/** A file of an upload, and where and how it is saved. */
export interface WantedFile extends UploadedFile {
  /** The address of the category. */
  readonly to: string
  /** The name to save it under; empty for its own. */
  readonly as: string
  /** The description; empty for the one that the torrent has. */
  readonly comment: string
  /** Whether this tracker is added if the torrent does not name it. */
  readonly addsTracker: boolean
}

/** The outcome for one of several uploaded torrents. */
export interface UploadOutcome extends Outcome, AddedFacts {}

/**
 * Adds uploaded torrents. A failure does not stop the others. `own` is this tracker.
 * @throws BtkitError `usage`
 */
export function addUploads(
  collection: Collection,
  actor: Actor,
  files: readonly WantedFile[],
  own: ThisTracker | null,
): Promise<UploadOutcome[]> {
  if (files.length === 0) throw new BtkitError('usage', 'no file was chosen').in('files')
  return collection.changeInfo(async () => {
    const facts: AddedFacts[] = []
    const add = async ([i, file]: readonly [number, WantedFile]) => {
      const { to, as, comment, addsTracker } = file
      const bytes = checkBytes(file)
      try {
        facts[i] = await addTorrent(collection, actor, {
          bytes,
          category: await collection.places.category(to),
          name: as || lastName(file.name),
          maxValues: MAX_VALUES,
          own: own && { ...own, added: addsTracker ? own.added : null },
          comment,
        })
      } catch (error) {
        throw explain(error, file, bytes)
      }
    }
    const outcomes = await forEach([...files.entries()], add, ([, { to, as, name }]) => {
      return `${to}/${as || lastName(name)}`
    })
    return outcomes.map((outcome, i) => ({ ...outcome, ...(facts[i] ?? UNKNOWN) }))
  })
}

/** Of a torrent that was not added. */
const UNKNOWN: AddedFacts = { naming: 'named', isPrivate: true }

/** The first byte of a bencoded dictionary. */
const DICTIONARY = 'd'.charCodeAt(0)

/** @throws BtkitError `too-large` */
function checkBytes({ name, bytes }: UploadedFile): Uint8Array {
  if (bytes !== null) return bytes
  const why = `larger than ${formatBytes(MAX_UPLOAD)}; ${BY_HAND}`
  throw new BtkitError('too-large', `${escapeText(lastName(name))}: ${why}`)
}

const BY_HAND = 'copy the torrent into the directory by hand'

/** Says which file an error of its content is about. */
export function explain(error: unknown, { name }: UploadedFile, bytes: Uint8Array): unknown {
  if (!(error instanceof BtkitError)) return error
  const title = escapeText(lastName(name))
  if (error.code === 'too-large')
    return new BtkitError('too-large', `${title}: has too many files or other values; ${BY_HAND}`)
  if (error.code !== 'bencode') return error.code === 'metainfo' ? error.of(title) : error
  if (bytes[0] !== DICTIONARY) return error.of(title)
  const how = error.message.endsWith(GET_AGAIN) ? '' : `; the file is damaged, ${GET_AGAIN}`
  return new BtkitError('bencode', `${title}: ${error.message}${how}`)
}

/** Browsers may send a path. */
export function lastName(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? ''
}

/**
 * The largest torrent, in bytes, and the most bencoded values in one: some 20,000 files have as
 * many. The tracker answers nobody while it reads a torrent.
 */
export const MAX_UPLOAD = 16 * 1024 * 1024
export const MAX_VALUES = 150_000
