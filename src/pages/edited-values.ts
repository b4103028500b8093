import { createHash } from 'node:crypto'
import type { TorrentFacts } from '../core/edit/file.js'
import type { EditOutcome } from '../core/edit/files.js'
import { BtkitError } from '../errors.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { html, type Html } from '../text/html.js'
import type { Form } from './form.js'
import { formatTiers, parseTiers } from './tiers.js'

/** The values that can be edited; `lines` are lists. */
export const VALUES = [
  { name: 'trackers', label: 'Trackers', kind: 'tiers' },
  { name: 'webseeds', label: 'Web seeds', kind: 'lines' },
  { name: 'comment', label: 'Comment', kind: 'text' },
  { name: 'name', label: 'Name', kind: 'text' },
  { name: 'source', label: 'Source tag', kind: 'text' },
] as const

type ValueName = (typeof VALUES)[number]['name']
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
function valuesOf({
  announce,
  announceList,
  webSeeds,
  comment,
  name,
  source,
}: EditableFacts): Values {
  const tiers = announceList ?? (announce === null ? [] : [[announce]])
  return {
    trackers: formatTiers(tiers),
    webseeds: (webSeeds ?? []).join('\n'),
    comment: comment ?? '',
    name,
    source: source ?? '',
  }
}

/** The values that all torrents share; empty where they differ. */
export function commonValues(torrents: readonly Opened[]): Record<string, string> {
  return Object.fromEntries(
    VALUES.map(({ name }) => {
      const [first = '', ...others] = new Set(torrents.map(({ values }) => values[name]))
      return [name, others.length > 0 ? '' : first]
    }),
  )
}

/** The box of a form for private torrents. */
export function privateField(torrents: readonly Opened[]): Record<string, string> {
  return torrents.every(({ isPrivate }) => isPrivate) ? { private: 'on' } : {}
}

/** Changes of values: null removes one. */
export interface ChangedValues {
  readonly name?: string
  readonly comment?: string | null
  readonly source?: string | null
  readonly trackers?: string[][]
  readonly webSeeds?: string[]
  readonly private?: boolean
}

/** The fields that say something else than the torrents. */
export function changesOf(form: Form, torrents: readonly Opened[]): ChangedValues {
  const different = differentValues(form, torrents)
  const isChanged = (wanted: ValueName) => different.some(({ name }) => name === wanted)
  const text = (name: ValueName) => (isChanged(name) ? { [name]: form.text(name) || null } : {})
  const [only] = torrents
  const isPrivate = form.has('private')
  const setsPrivate = torrents.length === 1 && only?.isPrivate !== isPrivate
  return {
    ...text('comment'),
    ...text('source'),
    ...(isChanged('name') && form.text('name') !== '' ? { name: form.text('name') } : {}),
    ...(isChanged('trackers') ? { trackers: parseTiers(form.text('trackers')) } : {}),
    ...(isChanged('webseeds') ? { webSeeds: form.lines('webseeds') } : {}),
    ...(setsPrivate ? { private: isPrivate } : {}),
  }
}

/** The values of a form that are not those of the torrents. */
export function differentValues(form: Form, torrents: readonly Opened[]) {
  const common = commonValues(torrents)
  return VALUES.filter(({ name }) => normal(form.text(name)) !== normal(common[name] ?? ''))
}

/** Browsers send lines with CRLF. */
function normal(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').trim()
}

/** Returns a digest of torrents and their paths. */
export function digestOf(torrents: readonly Opened[]): string {
  const hash = createHash('sha256')
  for (const { file, digest } of torrents) hash.update(`${file}\0${digest}`)
  return hash.digest('hex')
}

/**
 * Refuses an edit of torrents that another program changed since the form was shown.
 * @throws BtkitError `changed`
 */
export function refuseChanged(torrents: readonly Opened[], digest: string): void {
  if (digestOf(torrents) === digest) return
  throw new BtkitError(
    'changed',
    'the torrents changed meanwhile; the form has their values of now',
  )
}

/** A torrent that an edit changed, or why it did not. */
export type Edited =
  | { readonly file: string; readonly before: TorrentFacts; readonly after: TorrentFacts }
  | { readonly file: string; readonly error: string }

/** The outcome of an edit, for its page; none if nothing changed. */
export function editedOf(outcome: EditOutcome): Edited[] {
  const { file } = outcome
  if (outcome.error !== null) return [{ file, error: outcome.error.message }]
  return outcome.isChanged ? [{ file, before: outcome.before, after: outcome.after }] : []
}

/** Shows what an edit changes in a torrent. */
export function diffOf(before: TorrentFacts, after: TorrentFacts): Html {
  const [old, now] = [factRows(before), factRows(after)]
  const rows = Object.keys(now).filter((key) => old[key] !== now[key])
  return html`<dl class="facts diff">
    ${rows.map(
      (key) =>
        html`<dt>${key}</dt>
          <dd>${linesOf('del', old[key])} ${linesOf('ins', now[key])}</dd>`,
    )}
  </dl>`
}

function factRows(facts: TorrentFacts): Record<string, string> {
  const values = valuesOf(facts)
  const named = VALUES.map(({ name, label }) => [label, values[name]])
  return {
    ...(Object.fromEntries(named) as Record<string, string>),
    Private: facts.private ? 'yes' : 'no',
    'Info hash': facts.infoHash ?? facts.infoHashV2 ?? '',
  }
}

/** The most lines of a list that are shown. */
const MOST_LINES = 100

function linesOf(kind: 'del' | 'ins', text: string | undefined): Html[] {
  const lines = (text ?? '').split('\n').filter((line) => line !== '')
  const rest = lines.length - MOST_LINES
  const shown = lines.slice(0, MOST_LINES).map((line) => {
    return kind === 'del'
      ? html`<div><del>- ${line}</del></div>`
      : html`<div><ins>+ ${line}</ins></div>`
  })
  return rest > 0 ? [...shown, html`<div class="muted">and ${rest} more</div>`] : shown
}
