import { createHash } from 'node:crypto'
import { BtkitError } from '../../base/errors.js'
import { ASKED } from '../../core/make/asked.js'
import type { EditedFile } from '../../core/edit/file.js'
import type { EditOutcome } from '../../core/edit/files.js'
import type { TorrentFacts } from '../../metainfo/facts.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { formatTiers, trackerTiers } from '../../metainfo/trackers.js'

/** The values that can be edited, with their fields. */
export const VALUES = [
  { name: 'trackers', ...ASKED.trackers.field },
  { name: 'webSeeds', ...ASKED.webSeeds.field },
  { name: 'comment', ...ASKED.comment.field },
  { name: 'name', label: 'Name', kind: 'line' },
  { name: 'source', ...ASKED.source.field },
] as const

/** The name of a field. */
type ValueName = (typeof VALUES)[number]['name']
export type ValueKind = (typeof VALUES)[number]['kind']
type Values = Readonly<Record<ValueName, string>>

/** A torrent whose values a form shows. */
export interface Opened {
  readonly file: string
  readonly isPrivate: boolean
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly digest: string
  readonly values: Values
}

/** The most characters of all values: the form with them must be accepted. */
const MOST_TEXT = 200_000

/**
 * The values of a torrent, without its bytes: there may be many.
 * @throws BtkitError `too-large`
 */
export function openTorrent(file: string, metainfo: Metainfo): Opened {
  const values = valuesOf(metainfo)
  if (Object.values(values).join('').length > MOST_TEXT) {
    const what = 'its trackers, web seeds and comment are too long for a form'
    throw new BtkitError('too-large', `${file}: ${what}; use btkit edit`)
  }
  const digest = createHash('sha256').update(metainfo.bytes).digest('hex')
  return { file, digest, isPrivate: metainfo.private, values }
}

type EditableFacts = Pick<
  TorrentFacts,
  'announce' | 'announceList' | 'webSeeds' | 'comment' | 'name' | 'source'
>

/** The values of a torrent as fields have them. */
export function valuesOf({ webSeeds, comment, name, source, ...trackers }: EditableFacts): Values {
  return {
    trackers: formatTiers(trackerTiers(trackers)),
    webSeeds: (webSeeds ?? []).join('\n'),
    comment: comment ?? '',
    name,
    source: source ?? '',
  }
}

/** A torrent that an edit changed, or why it did not. */
export type Edited =
  | Pick<EditedFile, 'file' | 'before' | 'after' | 'warnings'>
  | { readonly file: string; readonly error: string }

/** The outcome of an edit, for its page; none if nothing changed. */
export function editedOf(outcome: EditOutcome): Edited[] {
  if (outcome.error !== null) return [{ file: outcome.file, error: outcome.error.message }]
  const { file, isChanged, before, after, warnings } = outcome
  return isChanged ? [{ file, before, after, warnings }] : []
}
