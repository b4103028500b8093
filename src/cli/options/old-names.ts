// Options that exist only for the users and scripts of other programs, above all of BitTornado:
// other names of btkit's options, switches with 0 and 1, and options that are skipped.
import type { Given, Located } from './given.js'

/** Names that options had in the last version, with those of now, without hyphens. */
const RENAMED = new Map<string, readonly string[]>([
  ['wait', ['max-wait', 'check-wait']],
  ['share-key-file', ['store-key-file']],
  ['trust-cache', ['cached']],
])

/** A value with a note that its option has the name `key` now, if it was given by a former one. */
export function noteOldName(name: string, key: string, item: Located): Located {
  return RENAMED.get(name)?.includes(key) ? { ...item, oldName: name } : item
}

/** Options of the last version that ended, without hyphens, with what to use now. */
const ENDED = new Map([
  [
    'web-torrent',
    'for browsers that share with each other, run bittorrent-tracker or aquatic, too',
  ],
])

/** Advice for an option that ended, also by its `no-` form; null for any other name. */
export function adviceInsteadOf(key: string): string | null {
  return ENDED.get(key.replace(/^no-/, '')) ?? null
}

/** Option names of other commands and programs, with btkit's names for them, without hyphens. */
const OTHER_NAMES = new Map<string, string | readonly string[]>([
  ...RENAMED,
  ['target', 'output'],
  ['output-dir', 'output'],
  ['tracker', 'announce'],
  ['announce', 'tracker'],
  ['httpseeds', 'http-seed'],
  ['http-seeds', 'http-seed'],
  ['all', 'hidden'],
  ['piece-size', 'piece-length'],
  ['max-piece-size', 'max-piece-length'],
  ['target-piece-count', 'target-pieces'],
  ['data', 'in'],
  ['in', 'data'],
  // Names of the downloaders
  ['saveas', ['output', 'data']],
  ['minport', 'port'],
  // Names of bttrack
  ['bind', 'host'],
  ['dfile', 'state'],
  ['logfile', 'log-file'],
  ['reannounce-interval', 'interval'],
  ['timeout-downloaders-interval', 'timeout'],
  ['timeout-downloaders', 'timeout'],
  ['save-dfile-interval', 'save-interval'],
])

/** The names of options in other commands and programs. */
export const NAMES_ELSEWHERE: readonly string[] = [...OTHER_NAMES.keys()]

/** btkit's possible names for another program's option. */
export function otherNames(key: string): string[] {
  return [OTHER_NAMES.get(key) ?? []].flat()
}

/** Switches that take 0 or 1 in BitTornado. */
export const TRUTHS: ReadonlySet<string> = new Set([
  '--check-hashes',
  '--allowed-controls',
  '--compact-reqd',
  '--keep-dead',
  '--show-infopage',
  '--show-names',
  '--allow-get',
])

/** Options whose default BitTornado prints as an empty text, by btkit's names. */
const EMPTY_BY_DEFAULT: ReadonlySet<string> = new Set(
  `announce-list http-seed comment output data ip host state allowed-dir allowed-list
  infopage-redirect favicon allowed-ips banned-ips log-file`.split(/\s+/),
)

/** Whether an option of an old name has the empty value that stands for none. */
export function isNone({ entry, uses }: Given): boolean {
  const value = uses.at(-1)?.value
  return EMPTY_BY_DEFAULT.has(entry.key) && value?.kind === 'text' && value.text === ''
}

/** Options by which BitTornado's downloaders name a torrent, too. */
const NAMING: ReadonlySet<string> = new Set(['--responsefile', '--url'])

/** Whether the value of an option of an old name is an operand of the command. */
export function isOperand(command: string, long: string): boolean {
  return command === 'seed' && NAMING.has(long)
}

/** Commands whose programs in BitTornado had many options that no program of today needs. */
const HAD_OTHERS: ReadonlySet<string> = new Set(['track', 'seed'])

/**
 * Whether the old name of a command skips an option that btkit does not have, with its value: all
 * options of BitTornado have one.
 */
export function isSkipped(command: string, long: string): boolean {
  if (!long.startsWith('--') || long === '--help' || long === '--version') return false
  return HAD_OTHERS.has(command) || long === '--filesystem-encoding'
}
