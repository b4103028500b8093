import { checkTracker, looksLikeUrl, storedUrl } from '../../metainfo/trackers.js'
import { BtkitError } from '../../base/errors.js'
import { VERSIONS } from '../../core/make/asked.js'
import { hideAllSecrets } from '../../base/text/secrets.js'
import {
  itemsOf,
  type Problems,
  type Located,
  type LocatedEntry,
  type LocatedValue,
  type Section,
} from '../options/given.js'
import type { Configuration } from './files.js'
import { unknownKey } from './sources.js'
import { type Decided, shownUses } from './parse.js'
import type { OptionEntry } from '../options/option.js'

/** The aliases of a configuration by name. A value that is no tracker is a problem. */
export function aliasesIn({ aliases }: Configuration, problems: Problems): [string, string[][]][] {
  const tiers = aliases.map((entry): [string, string[][]] => {
    return [entry.key, problems.try<string[][]>([], () => tiersOf(entry))]
  })
  return tiers.filter(([, each]) => each.length > 0)
}

function tiersOf({ key: name, place, item }: LocatedEntry): string[][] {
  if (looksLikeUrl(name) || /[\s,|/]/.test(name))
    throw place.error(`${name}: not a name for trackers`)
  const tiers = itemsOf(item).map((tier) => itemsOf(tier).map(trackerOf))
  if (tiers.flat().length > 0) return tiers.filter(({ length }) => length > 0)
  throw place.error(`${name}: has no tracker`)
}

function trackerOf({ place, value }: Located): string {
  if (value.kind !== 'text') throw place.error('not a tracker; write the URL of a tracker')
  try {
    return checkTracker(value.text)
  } catch (error) {
    throw error instanceof BtkitError ? place.error(hideAllSecrets(error.message)) : error
  }
}

/** The keys of a tracker's rule. */
const RULE_KEYS: readonly string[] = [
  'private',
  'source',
  'piece-length',
  'max-torrent-size',
  'version',
  'announce-list',
  'web-seed-base',
]

/**
 * The rules of a host, or of a host with a port, by the options that they stand for. The
 * rules of a host in a stronger configuration replace all weaker ones of that host.
 */
export function trackerRules(
  configurations: readonly Configuration[],
  problems: Problems,
): Map<string, Section> {
  const rules = configurations.flatMap(({ trackers }) => trackers)
  const entries = rules.map((rule) => {
    // A host as it stands in the URLs of torrents
    const host = storedUrl(`http://${rule.name}`).slice('http://'.length)
    const nothing = { ...rule, name: host, entries: [] }
    const options = problems.try(nothing, () => asOptions({ ...rule, name: host }, problems))
    return [host.toLowerCase(), options] as const
  })
  return new Map(entries)
}

/**
 * A rule by the options that it stands for.
 * @throws BtkitError `usage` if it is of no host
 */
function asOptions({ name, place, entries }: Section, problems: Problems): Section {
  if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(name))
    throw place.error(`${hideAllSecrets(name)}: not a host, such as tracker.example`)
  const options = entries.flatMap((entry) => {
    return problems.try<LocatedEntry[]>([], () => spelled(entry, name, problems))
  })
  return { name, place, entries: options }
}

/** The options of a rule's key. */
function spelled(entry: LocatedEntry, host: string, problems: Problems): LocatedEntry[] {
  const { key, place, item } = entry
  if (!RULE_KEYS.includes(key)) throw place.error(unknownKey(key, host, RULE_KEYS))
  if (key === 'version') return versionEntries(entry)
  if (key === 'source' && item.value.kind !== 'text')
    throw item.place.error('source: a single value is expected here')
  if (key !== 'piece-length') return [entry]
  if (item.value.kind !== 'map') throw item.place.error('piece-length: write {max: SIZE}')
  return item.value.entries.flatMap(({ key: bound, place: at, item: size }) => {
    if (bound === 'max') return [{ key: 'max-piece-length', place: at, item: size }]
    problems.add(at.error(`piece-length: ${bound}: not max`))
    return []
  })
}

function versionEntries({ item }: LocatedEntry): LocatedEntry[] {
  const { place, value } = item
  const wanted = value.kind === 'text' ? value.text : ''
  if (!VERSIONS.some((version) => version === wanted))
    throw place.error(`version: not ${VERSIONS.join(', ')}`)
  const truth = (key: string): LocatedEntry => {
    const text: LocatedValue = { kind: 'text', text: String(key === wanted), isPlain: true }
    return { key, place, item: { place, value: text } }
  }
  return wanted === 'v1' ? [truth('v2'), truth('hybrid')] : [truth(wanted)]
}

/** Whether an option names trackers for a torrent. */
export function namesTrackers({ traits }: OptionEntry): boolean {
  return /^(tiers|one)$/.test(traits.trackers ?? '')
}

/** The trackers that such options name, each once, in their order: `URL,URL|URL`. */
export function trackersOf(named: readonly Decided[]): string[] {
  const texts = named.flatMap(({ values }) => values.filter((each) => typeof each === 'string'))
  return [...new Set(texts.flatMap((text) => text.split(/[|,]/).map((url) => url.trim())))]
}

/** The rules of the hosts of trackers, those of the first tracker first. */
export function rulesFor(trackers: readonly string[], rules: ReadonlyMap<string, Section>) {
  const found = trackers.flatMap((tracker) => {
    if (!URL.canParse(tracker)) return []
    const { hostname, host } = new URL(tracker)
    return rules.get(host) ?? rules.get(hostname) ?? []
  })
  return [...new Set(found)]
}

/** An option in words: `tracker.example: private: true (FILE:LINE)`. */
export function ruleText(host: string, decided: Decided): string {
  const { entry, place } = decided
  const shown = shownUses(decided)
  const isVersion = entry.key === 'v2' || entry.key === 'hybrid'
  const version = `version: ${shown === 'true' ? entry.key : 'v1'}`
  const what = isVersion ? version : `${entry.key}: ${shown}`
  return `${host}: ${what} (${place.lineText})`
}
