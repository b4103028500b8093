// Properties of options that their declarations do not contain, by commander's names.

/** The separator of options that take a whole list in one argument. */
export const SEPARATORS: Readonly<Record<string, string>> = { checksums: ',' }

/** Options that take tiers of trackers in one argument. */
export const TIERED: ReadonlySet<string> = new Set(['announceList'])

/** Repeatable options without a default. */
export const REPEATABLE = /^(tracker|webSeed|httpSeed)$/

/** Repeatable options that take `KEY=VALUE`. */
export const MAPS: ReadonlySet<string> = new Set(['set', 'dataPrefix', 'replace'])

/** Options of edit, reannounce and serve that take one tracker each time. */
const ONE_TRACKER = /^(add|remove|(add|remove)Tracker|tracker)$/

/** Whether an option takes one tracker each time. */
export function takesOneTracker(attribute: string): boolean {
  return ONE_TRACKER.test(attribute)
}

/** Whether an option takes trackers, and therefore their aliases. */
export function takesTrackers(attribute: string): boolean {
  return TRACKERS.has(attribute) || takesOneTracker(attribute)
}

/** Whether an option removes trackers, whose text may be wrong in any way. */
export function removesTrackers(attribute: string): boolean {
  return takesOneTracker(attribute) && attribute.startsWith('remove')
}

/** Whether values are often secret. They can be read from a file or a variable. */
export function isSecret(attribute: string): boolean {
  return SECRETS.has(attribute) || takesOneTracker(attribute)
}

const SECRETS: ReadonlySet<string> = new Set([
  'announce',
  'announceList',
  'replace',
  'track',
  'client',
  'publish',
  'store',
  'cacheUrl',
  'queue',
])

/** Options that cannot be used together, as the commands themselves check. */
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
  ['output', 'saveTo'],
  ['open', 'allowedDir'],
  ['open', 'allowedList'],
]

/** Whether two options exclude each other. Names are commander's. */
export function areAlternatives(one: string, other: string): boolean {
  return ALTERNATIVES.some((group) => group.includes(one) && group.includes(other))
}

/** Commands that edit what the defaults are for in new torrents. */
const EDITORS: readonly string[] = ['edit', 'reannounce', 'setwebseeds', 'sethttpseeds']

/** Options of these that may be defaults, because they do not say what to change. */
const HOW_TO_EDIT: ReadonlySet<string> = new Set([
  'force',
  'dry-run',
  'json',
  'quiet',
  'max-torrent-size',
])

/**
 * Options of a tracker's administration. `serve` refuses them without a tracker, so its own section
 * must have them.
 */
const OF_ADMINISTRATION: ReadonlySet<string> = new Set([
  'admin-users',
  'admin-listen',
  'admin-url',
  'make-from',
])

/** The commands that have presets. */
export const MAKERS: readonly string[] = ['makemetafile', 'completedir']

/** Whether a command accepts an option from `defaults:`. */
export function takesDefault(section: string, key: string): boolean {
  if (EDITORS.includes(section)) return HOW_TO_EDIT.has(key)
  // The default trackers are for new torrents
  if (section === 'scrape' && key === 'announce') return false
  // Elsewhere it names no directory of torrents
  if (key === 'output') return MAKERS.includes(section)
  if (section === 'serve' && OF_ADMINISTRATION.has(key)) return false
  // It is a switch of those that make torrents
  if (key === 'padding') return false
  // For these commands the option affects the piece length; for others it limits reading
  return key !== 'max-torrent-size' || !MAKERS.includes(section)
}

/** Options that the legacy names accept from a configuration: none changes a torrent. */
export const LEGACY_KEYS: ReadonlySet<string> = new Set([
  'cache',
  'cache-dir',
  'cache-trust',
  'cache-max-size',
  'state',
  'state-dir',
  'threads',
])

/** Variables that commands read themselves if an option is not given. */
export const OWN_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['cache-dir', 'BTKIT_CACHE_DIR'],
  ['cache-url', 'BTKIT_CACHE_URL'],
  ['state-dir', 'BTKIT_STATE_DIR'],
  ['client', 'BTKIT_CLIENT'],
])

/** Options that name trackers, of which a tracker's rule is about. */
export const TRACKERS: ReadonlySet<string> = new Set(['announce', 'announceList', 'tracker'])
