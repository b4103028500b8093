import { encodeBencode } from './bencode/encode.js'
import type { BencodeValue, DictValues } from './bencode/value.js'
import { FORMS, type FieldSource, type ValueOf } from './forms.js'
import type { WarningList } from './warning.js'

/** A value of a torrent that does not describe its content. */
export interface TorrentField {
  readonly key: string
  /** Beside `info`, in it, or in both places, whose lists are joined (BEP 38). */
  readonly place: 'top' | 'info' | 'both'
  readonly form: keyof typeof FORMS
  /** Its name for people. */
  readonly label: string
  /** Its name in the report of an edit, if it has another one there. */
  readonly labelOfEdits?: string
  /** The option that sets it, and that of `edit` if it has another one; null for `--set`. */
  readonly option: string | null
  readonly optionOfEdit?: string | null
}

/**
 * All values of a torrent besides its content, each declared once. Reading, building, editing,
 * showing, comparing and the refusals of `--set` follow this table. A new one needs its line here,
 * and its option in `cli/options/torrent.ts` and `cli/commands/edit/options.ts`.
 */
export const FIELDS = {
  announce: {
    key: 'announce',
    place: 'top',
    form: 'url',
    label: 'announce url',
    labelOfEdits: 'announce',
    option: 'the tracker',
    optionOfEdit: '--tracker',
  },
  /** BEP 12. */
  announceList: {
    key: 'announce-list',
    place: 'top',
    form: 'tiers',
    label: 'announce-list',
    option: '--announce-list',
    optionOfEdit: '--tracker',
  },
  /** BEP 17. */
  httpSeeds: {
    key: 'httpseeds',
    place: 'top',
    form: 'seeds',
    label: 'http seeds',
    labelOfEdits: 'HTTP seeds',
    option: '--http-seed',
    optionOfEdit: null,
  },
  /** BEP 19. */
  webSeeds: {
    key: 'url-list',
    place: 'top',
    form: 'seeds',
    label: 'web seeds',
    option: '--web-seed',
  },
  /** BEP 5. */
  nodes: {
    key: 'nodes',
    place: 'top',
    form: 'nodes',
    label: 'dht nodes',
    labelOfEdits: 'DHT nodes',
    option: '--node',
    optionOfEdit: null,
  },
  comment: { key: 'comment', place: 'top', form: 'text', label: 'comment', option: '--comment' },
  createdBy: {
    key: 'created by',
    place: 'top',
    form: 'text',
    label: 'created by',
    labelOfEdits: 'creator',
    option: '--created-by',
  },
  /** Seconds since 1970; always valid for a Date. */
  creationDate: {
    key: 'creation date',
    place: 'top',
    form: 'date',
    label: 'creation date',
    option: '--date',
  },
  /** BEP 27. */
  private: {
    key: 'private',
    place: 'info',
    form: 'flag',
    label: 'private',
    labelOfEdits: 'private flag',
    option: '--private',
  },
  /** Private trackers set it to change the info hash. */
  source: { key: 'source', place: 'info', form: 'text', label: 'source', option: '--source' },
  /** URL of a possible newer torrent (BEP 39). */
  updateUrl: {
    key: 'update-url',
    place: 'info',
    form: 'url',
    label: 'update url',
    option: null,
  },
  /** Info hashes in hexadecimal of torrents that share files with this one (BEP 38). */
  similar: {
    key: 'similar',
    place: 'both',
    form: 'hashes',
    label: 'similar',
    labelOfEdits: 'similar torrents',
    option: null,
  },
  /** Names of the torrent's collections (BEP 38). */
  collections: {
    key: 'collections',
    place: 'both',
    form: 'names',
    label: 'collections',
    option: null,
  },
} as const satisfies Record<string, TorrentField>

/** The name of a value in programs: that of its property, and of the same value in JSON. */
export type FieldName = keyof typeof FIELDS

type FormOf<N extends FieldName> = (typeof FIELDS)[N]['form']

/**
 * The values of a torrent besides its content. Missing values are null; a missing flag is false.
 */
export type FieldValues = {
  readonly [N in FieldName]: FormOf<N> extends 'flag' ? boolean : ValueOf<FormOf<N>> | null
}

/** All names, in the order in which values are read and shown. */
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[]

/** The names of values in one place, or of one form there. */
type NamesIn<
  P extends TorrentField['place'],
  F extends TorrentField['form'] = TorrentField['form'],
> = {
  [N in FieldName]: (typeof FIELDS)[N] extends { place: P; form: F } ? N : never
}[FieldName]

/** A text beside `info`. */
export type TextName = NamesIn<'top', 'text'>

export const TEXT_NAMES = FIELD_NAMES.filter((name): name is TextName => {
  const { place, form } = FIELDS[name]
  return place === 'top' && form === 'text'
})

/** A list of seeds. */
export type SeedName = NamesIn<'top', 'seeds'>

/** Lists that are only written, which may be shared. */
type Written<T> = T extends readonly (infer E)[] ? readonly Written<E>[] : T

/** The values beside `info` to write. Null and empty values get no key. */
export type WrittenFields = {
  readonly [N in NamesIn<'top'>]: NonNullable<FieldValues[N]> extends readonly unknown[]
    ? Written<NonNullable<FieldValues[N]>>
    : FieldValues[N]
}

/** The values beside `info`, by name. */
export const TOP_FIELDS = FIELD_NAMES.flatMap(
  (name): [name: NamesIn<'top'>, field: TorrentField][] => {
    return FIELDS[name].place === 'top' ? [[name as NamesIn<'top'>, FIELDS[name]]] : []
  },
)

/** No values beside `info`. */
export const NO_FIELDS = Object.fromEntries(
  TOP_FIELDS.map(([name, { form }]) => [name, isList(form) ? [] : null]),
) as unknown as WrittenFields

/** Whether values of a form are lists. */
export function isList(form: TorrentField['form']): boolean {
  return ['tiers', 'seeds', 'names', 'hashes', 'nodes'].includes(form)
}

/** The keys of all values beside `info`, or in it. */
export function keysIn(place: 'top' | 'info'): string[] {
  const fields: TorrentField[] = Object.values(FIELDS)
  return fields.filter((field) => [place, 'both'].includes(field.place)).map(({ key }) => key)
}

/** The forms, for values whose type follows from their names. */
const forms: Readonly<Record<TorrentField['form'], UntypedForm>> = FORMS as never

interface UntypedForm {
  readonly read: (value: BencodeValue, source: FieldSource) => unknown
  readonly encode: (value: unknown) => BencodeValue
  readonly show: (value: unknown) => string | null
  readonly typed?: (value: unknown) => string
  readonly items: (value: unknown) => readonly (string | number)[]
}

/** Reads all values. An invalid one is ignored with a warning, as if there were none. */
export function readFields(top: DictValues, info: DictValues, warnings: WarningList): FieldValues {
  const values: Record<string, unknown> = {}
  for (const name of FIELD_NAMES) {
    const { key, place, form }: TorrentField = FIELDS[name]
    const inInfo =
      place === 'top' ? null : read(form, { dict: info, key, what: `info.${key}`, warnings })
    const beside = place === 'info' ? null : read(form, { dict: top, key, what: key, warnings })
    const isJoined = Array.isArray(inInfo) && Array.isArray(beside)
    const value = isJoined ? inInfo.concat(beside) : (inInfo ?? beside)
    values[name] = form === 'flag' ? (value ?? false) : value
  }
  return values as unknown as FieldValues
}

function read(form: TorrentField['form'], source: FieldSource): unknown {
  const value = source.dict.get(source.key)
  return value === undefined ? null : forms[form].read(value, source)
}

/** Encodes a value; null if it gets no key. */
export function encodeField(name: FieldName, value: unknown): Uint8Array | null {
  const isNothing = value === null || value === undefined || value === false
  if (isNothing || (Array.isArray(value) && value.length === 0)) return null
  return encodeBencode(forms[FIELDS[name].form].encode(value))
}

/** One line of text for a value; null if there is none. */
export function showField(name: FieldName, values: FieldValues): string | null {
  const value = values[name]
  return value === null ? null : forms[FIELDS[name].form].show(value)
}

/** The texts beside `info`, with their labels. */
export function labelledTexts(values: FieldValues): [label: string, text: string][] {
  return TEXT_NAMES.flatMap((name): [string, string][] => {
    const text = values[name]
    return text === null ? [] : [[FIELDS[name].label, text]]
  })
}

/** The same as options take the value. */
export function typedField(name: FieldName, values: FieldValues): string | null {
  const value = values[name]
  const { typed, show } = forms[FIELDS[name].form]
  return value === null ? null : (typed ?? show)(value)
}

/** Returns only these values of a torrent. */
export function pickFields(values: FieldValues): FieldValues {
  const picked: Record<string, unknown> = {}
  for (const name of FIELD_NAMES) picked[name] = values[name]
  return picked as unknown as FieldValues
}

/** The values of a list, one by one, or a single value; null if there is none. */
export function fieldItems(
  name: FieldName,
  values: { readonly [N in FieldName]?: unknown },
): readonly (string | number)[] | null {
  const value = values[name] ?? null
  return value === null ? null : forms[FIELDS[name].form].items(value)
}
