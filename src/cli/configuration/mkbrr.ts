import { BtkitError } from '../../errors.js'
import { suggestion } from './nearest.js'
import type { Located, LocatedEntry, LocatedValue, Section } from './read-file.js'

/** Whether a file is mkbrr's presets.yaml: it has a version and presets, as no configuration has. */
export function isMkbrrs(entries: readonly LocatedEntry[]): boolean {
  const has = (name: string) => entries.some(({ key }) => key === name)
  return has('version') && has('presets')
}

/**
 * Presets of mkbrr with our names of their options. Like mkbrr, each has the options of `default:`,
 * and is private and has no date unless something says otherwise.
 */
export function mkbrrPresets(
  presets: readonly Section[],
  defaults: readonly LocatedEntry[],
): Section[] {
  return presets.map(({ name, place, entries }) => {
    const standard = ['private', 'no_date'].map((key) => ({
      key,
      place,
      item: { place, value: plain('true') },
    }))
    const byKey = new Map([...standard, ...defaults, ...entries].map((each) => [each.key, each]))
    return { name, place, entries: [...byKey.values()].flatMap(translated) }
  })
}

/** The keys of a job in mkbrr's schema of batch files, except path, output and name. */
const JOB_KEYS: readonly string[] = [
  'trackers',
  'webseeds',
  'private',
  'piece_length',
  'max_piece_length',
  'target_piece_count',
  'comment',
  'source',
  'no_date',
  'no_creator',
  'skip_prefix',
  'entropy',
  'exclude_patterns',
  'include_patterns',
]

/**
 * A job of mkbrr's batch files with our names of its options. Like in mkbrr, a torrent is private
 * unless the job says otherwise.
 * @throws BtkitError `usage` for a key that mkbrr does not have, or that has no meaning here
 */
export function mkbrrJob({ place, entries }: Pick<Section, 'place' | 'entries'>): LocatedEntry[] {
  const own = new Set(['path', 'output', 'name'])
  const standard = { key: 'private', place, item: { place, value: plain('true') } }
  const byKey = new Map([standard, ...entries].map((each) => [each.key, each]))
  return [...byKey.values()].flatMap((entry) => {
    const { key, item } = entry
    if (own.has(key)) return key === 'output' ? [withEnding(entry)] : [entry]
    if (JOB_KEYS.includes(key)) return translated(entry)
    if (key === 'fail_on_season_warning' && isFalse(item)) return []
    const known = [...own, ...JOB_KEYS]
    const why = suggestion(key, known) || '; btkit does not support it in batch files of mkbrr'
    throw new BtkitError('usage', `${entry.place}: unknown option "${key}"${why}`)
  })
}

const isFalse = ({ value }: Located) => value.kind === 'text' && /^false$/i.test(value.text)

/** mkbrr adds the ending if it is missing. */
function withEnding(entry: LocatedEntry): LocatedEntry {
  const { value, place } = entry.item
  if (value.kind !== 'text' || value.text.endsWith('.torrent')) return entry
  return { ...entry, item: { place, value: plain(`${value.text}.torrent`) } }
}

/** Our names for the options of mkbrr whose values are the same. */
const SAME: Readonly<Record<string, string>> = {
  private: 'private',
  source: 'source',
  comment: 'comment',
  piece_length: 'piece-size-pow2',
  target_piece_count: 'target-pieces',
  output_dir: 'output',
  webseeds: 'web-seed',
  workers: 'threads',
  entropy: 'randomize',
  exclude_patterns: 'exclude',
  include_patterns: 'include',
}

/** Options that have no meaning here: file names have no prefix, and episodes are not counted. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set(['skip_prefix', 'fail_on_season_warning'])

/** Values by which mkbrr says that there is none. */
const isNone = ({ value }: Located) => value.kind === 'text' && /^0?$/.test(value.text)

function translated({ key, place, item }: LocatedEntry): LocatedEntry[] {
  const as = (name: string, value: LocatedValue) => [
    { key: name, place, item: { place: item.place, value } },
  ]
  const { value } = item
  const isTrue = value.kind === 'text' && /^true$/i.test(value.text)
  const same = SAME[key]
  if (isNone(item) || WITHOUT_MEANING.has(key)) return []
  if (same !== undefined) return as(same, value)
  switch (key) {
    case 'trackers':
      // One tier has them all
      return as('announce', { kind: 'list', items: [item] })
    case 'no_date':
      return isTrue ? as('date', plain('false')) : []
    case 'no_creator':
      return isTrue ? as('created-by', plain('false')) : []
    case 'max_piece_length':
      return value.kind === 'text' ? as('max-piece-size', plain(String(2 ** +value.text))) : []
    default:
      return [{ key, place, item }]
  }
}

function plain(text: string): LocatedValue {
  return { kind: 'text', text, isPlain: true }
}
