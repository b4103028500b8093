import {
  FIELD_NAMES,
  FIELDS,
  type FieldName,
  type FieldValues,
  isList,
  type TorrentField,
  typedField,
} from './fields.js'
import type { InfoHashes } from './values.js'

/** The properties of a torrent that an edit can change, without its bytes. */
export interface TorrentFacts extends FieldValues, InfoHashes {
  readonly name: string
}

/** A property that differs between two torrents. */
export interface ChangedFact {
  readonly name: FieldName | 'name' | keyof InfoHashes
  readonly label: string
  /** As options take it; null for none. */
  readonly old: string | null
  readonly now: string | null
}

type Fact = Pick<ChangedFact, 'name' | 'label'> & {
  readonly read: (facts: TorrentFacts) => string | null
}

/** All properties, in the order of reports. */
const FACTS: readonly Fact[] = [
  ...factsOf(isBeforeName),
  { name: 'name', label: 'name', read: ({ name }) => name },
  ...factsOf((field) => !isBeforeName(field)),
  { name: 'infoHash', label: 'info hash', read: ({ infoHash }) => infoHash },
  { name: 'infoHashV2', label: 'info hash v2', read: ({ infoHashV2 }) => infoHashV2 },
]

/** Trackers, seeds and other lists are reported before the name. */
function isBeforeName({ place, form }: TorrentField): boolean {
  return place !== 'info' && (form === 'url' || isList(form))
}

function factsOf(isWanted: (field: TorrentField) => boolean): readonly Fact[] {
  const names = FIELD_NAMES.filter((name) => isWanted(FIELDS[name]))
  return names.map((name) => {
    const field: TorrentField = FIELDS[name]
    const label = field.labelOfEdits ?? field.label
    return { name, label, read: (facts) => typedField(name, facts) }
  })
}

/** The properties that differ, in the order of reports. */
export function changedFacts(before: TorrentFacts, after: TorrentFacts): ChangedFact[] {
  return FACTS.flatMap(({ name, label, read }) => {
    const [old, now] = [read(before), read(after)]
    return old === now ? [] : [{ name, label, old, now }]
  })
}
