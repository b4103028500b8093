// What the table of options holds beside the declarations themselves, by the names that commander
// gives to options.

/** How a list is spelled by options that take all of it in one argument. */
export const SEPARATORS: Readonly<Record<string, string>> = { checksums: ',', httpseeds: '|' }

/** Options that take tiers of trackers in one argument. */
export const TIERED: ReadonlySet<string> = new Set(['announceList'])

/** Options that can be repeated though they have no default. */
export const REPEATABLE = /^set(Tracker|WebSeed|HttpSeed|Node|Similar|Collection)$/

/** Options that can be repeated, each time with `KEY=VALUE`. */
export const MAPS: ReadonlySet<string> = new Set(['set', 'dataPrefix', 'replace'])

/** Options whose values are often secret, and may be read from a file or a variable. */
export const SECRETS: ReadonlySet<string> = new Set([
  'announce',
  'announceList',
  'tracker',
  'track',
  'client',
  'publish',
  'aggregateForward',
  'aggregator',
])

/** Options of which only one has a meaning, as the commands themselves check it. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ['announce', 'announceList', 'trackerless', 'tracker', 'trackers'],
  ['followSymlinks', 'symlinks', 'storeSymlinks'],
  ['v2', 'hybrid', 'v1'],
  ['sortBy', 'v2'],
  ['sortBy', 'hybrid'],
  ['track', 'trackerless'],
  ['adopt', 'force'],
  ['clobber', 'force'],
  ['prune', 'pruneAll'],
  ['saveas', 'saveTo'],
  ['open', 'allowedDir'],
  ['open', 'allowedList'],
]

/** Whether two options exclude each other, by the names that commander gives them. */
export function areAlternatives(one: string, other: string): boolean {
  return ALTERNATIVES.some((group) => group.includes(one) && group.includes(other))
}

/** What an edit does is asked for, or stands under its own command; these are only how. */
const HOW_TO_EDIT: ReadonlySet<string> = new Set([
  'output-dir',
  'force',
  'dry-run',
  'json',
  'quiet',
  'max-torrent-size',
])

/** Whether `defaults:` counts for an option of a command. */
export function takesDefault(section: string, key: string): boolean {
  if (section === 'edit' || section === 'reannounce') return HOW_TO_EDIT.has(key)
  // Those trackers are for new torrents
  if (section === 'scrape' && key === 'announce') return false
  // There it chooses pieces; elsewhere it bounds what is read
  return key !== 'max-torrent-size' || !/^(makemetafile|completedir)$/.test(section)
}

/** Options that the legacy names take from a configuration: none that goes into a torrent. */
export const LEGACY_KEYS: ReadonlySet<string> = new Set([
  'cache',
  'cache-dir',
  'cache-trust',
  'cache-max-size',
  'state',
  'state-dir',
  'threads',
])

/** Variables that commands read themselves when an option is not given. */
export const OWN_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['cache-dir', 'BTKIT_CACHE_DIR'],
  ['state-dir', 'BTKIT_STATE_DIR'],
  ['client', 'BTKIT_CLIENT'],
])

/** Options that name trackers, of which a tracker's rule is about. */
export const TRACKERS: ReadonlySet<string> = new Set(['announce', 'announceList', 'tracker'])

/** The commands that have presets. */
export const MAKERS: readonly string[] = ['makemetafile', 'completedir']

/** Options of only one of makemetafile and completedir. A preset may have them for both. */
export const OWN_OF_ONE_MAKER: ReadonlySet<string> = new Set([
  'name',
  'randomize',
  'files-from',
  'clobber',
  'verbose',
  'prune',
  'prune-all',
  'adopt',
  'remake',
  'min-age',
  'wait',
  'state-dir',
  'cache-max-size',
  'owner',
  'publish',
  'data-prefix',
  'trust-data-path',
  'client-timeout',
  'on-change',
])
