import { InvalidArgumentError } from '@commander-js/extra-typings'
import { dirname, resolve } from 'node:path'
import { BtkitError, nameErrors } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import type { Io } from '../io.js'
import type { OptionEntry } from '../options/table.js'
import {
  isSecret,
  removesTrackers,
  SEPARATORS,
  takesOneTracker,
  takesTrackers,
} from '../options/traits.js'
import { suggestion } from './nearest.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { booleanOf, type FoundEntry } from './find-entry.js'
import type { Located } from './read-file.js'

/** An option with its value from a configuration or the environment. */
export interface Setting {
  readonly entry: OptionEntry
  /** Its form on a command line; empty if it is the default. */
  readonly args: readonly string[]
  /** The value as text, without secrets. */
  readonly shown: string
  /** `FILE:LINE:COLUMN`, or the name of a variable. */
  readonly place: string
}

/** A setting that is opened only if no stronger one overrides it. */
export interface Candidate {
  readonly entry: OptionEntry
  /** As in the setting. */
  readonly place: string
  /**
   * Reads and checks the setting.
   * @throws BtkitError `usage` that names the place
   */
  readonly open: () => Setting
}

/** Tiers of trackers by the name of their alias. */
export type Aliases = ReadonlyMap<string, readonly (readonly string[])[]>

/** Asks whether an alias was meant by a name; empty if it is an alias, a URL, or like none. */
export function insteadOf(name: string, aliases: Aliases): string {
  if (name === '' || aliases.has(name) || looksLikeUrl(name)) return ''
  return suggestion(name, aliases.keys())
}

export interface World extends Pick<Io, 'env'> {
  /** Names that stand for trackers. */
  readonly aliases?: Aliases
  readonly mistakes?: Mistakes
}

/** The messages of mistakes in a configuration that is shown in spite of them. */
export type Mistakes = Set<string>

/**
 * Adds a mistake to the others, and returns an empty list.
 * @throws BtkitError `usage` without a set of mistakes
 */
export function mistaken(mistakes: Mistakes | undefined, message: string): never[] {
  if (!mistakes) throw new BtkitError('usage', message)
  mistakes.add(message)
  return []
}

/**
 * Returns the result of `act`. If that finds a mistake, it is added to the others, and `otherwise`
 * is the result. Without a set of mistakes the first one is thrown.
 */
export function tolerate<T>(mistakes: Mistakes | undefined, otherwise: T, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!mistakes || !(error instanceof BtkitError)) throw error
    mistakes.add(error.message)
    return otherwise
  }
}

/** The largest secret in a file, in bytes. */
const MAX_SECRET = 64 * 1024

/**
 * The setting for an option; null if there is no value. `isNegated` says that the key is the
 * option's `no-…` form.
 */
export function candidateOf(
  { entry, isNegated }: FoundEntry,
  item: Located,
  world: World,
): Candidate | null {
  if (isNothing(item)) return null
  const open = () => {
    const args = tolerate(world.mistakes, [], () => argsOf(entry, item, { isNegated, world }))
    return { entry, args, shown: shownValue(entry, item, isNegated), place: item.place }
  }
  return { entry, place: item.place, open }
}

function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && /^(null|~)?$/i.test(value.text)
}

interface Way {
  /** Whether the key is the `no-…` form itself. */
  readonly isNegated: boolean
  readonly world: World
}

function argsOf(entry: OptionEntry, item: Located, { isNegated, world }: Way): string[] {
  const { on, off, kind } = entry
  const truth = booleanOf(item)
  if (kind === 'switch') {
    if (truth === null) throw wrong(entry, item, 'neither true nor false')
    return spelled(truth === isNegated ? off?.long : on?.long)
  }
  if (truth === false && off) return spelled(off.long)
  const long = on?.long ?? ''
  return valuesOf(entry, item, world).map((value) => `${long}=${value}`)
}

function spelled(long: string | null | undefined): string[] {
  return long ? [long] : []
}

/** The values as on a command line, one for each use of the option. */
function valuesOf(entry: OptionEntry, item: Located, world: World): string[] {
  switch (entry.kind) {
    case 'map':
      return mapValues(entry, item)
    case 'tiers': {
      const tiers = spelledItems(entry, item, world).map((tier) =>
        texts(tier, entry, world).join(','),
      )
      const text = tiers.join('|')
      return tiers.length === 0 ? [] : [checked(entry, item, text)]
    }
    case 'list': {
      const separator = SEPARATORS[entry.attribute]
      const values = spelledItems(entry, item, world).map((each) => {
        // A tier of trackers is a list in the list
        const text = texts(each, entry, world).join(',')
        return separator === undefined ? checked(entry, each, text) : text
      })
      if (separator === undefined || values.length === 0) return values
      return [checked(entry, item, values.join(separator))]
    }
    default:
      return [checked(entry, item, textOf(item, entry, world))]
  }
}

function itemsOf(item: Located): readonly Located[] {
  return item.value.kind === 'list' ? item.value.items : [item]
}

/** The items, with tiers of trackers in the place of their alias. */
function spelledItems(entry: OptionEntry, item: Located, { aliases }: World): readonly Located[] {
  if (!aliases || !takesTrackers(entry.attribute)) return itemsOf(item)
  return itemsOf(item).flatMap((each) => {
    const { place, value } = each
    const tiers = value.kind === 'text' ? aliases.get(value.text) : undefined
    if (!tiers) {
      const isName = value.kind === 'text' && !/^(env|file):/.test(value.text)
      const nearest =
        isName && !removesTrackers(entry.attribute) ? insteadOf(value.text, aliases) : ''
      if (nearest !== '') throw wrong(entry, each, `neither a tracker nor an alias${nearest}`)
      return [each]
    }
    const text = (url: string): Located => ({
      place,
      value: { kind: 'text', text: url, isPlain: true },
    })
    if (takesOneTracker(entry.attribute)) return tiers.flat().map(text)
    return tiers.map((tier): Located => ({ place, value: { kind: 'list', items: tier.map(text) } }))
  })
}

function texts(item: Located, entry: OptionEntry, world: World): string[] {
  return itemsOf(item).map((each) => textOf(each, entry, world))
}

function textOf(item: Located, entry: OptionEntry, world: World): string {
  const { value } = item
  if (value.kind !== 'text') throw wrong(entry, item, 'a single value is expected here')
  const truth = booleanOf(item)
  if (truth !== null && entry.isZeroOrOne) return truth ? '1' : '0'
  return isSecret(entry.attribute) ? openSecret(value.text, item, world) : value.text
}

/** Reads a value from a file or a variable: `file:PATH`, `env:NAME`. */
function openSecret(text: string, { place }: Located, { env }: World): string {
  const [, kind, name = ''] = /^(file|env):(.*)$/.exec(text) ?? []
  if (kind === undefined) return text
  if (kind === 'env') {
    const value = env[name]
    if (value) return value
    throw new BtkitError('usage', `${place}: the variable ${name} is not set`)
  }
  const path = resolve(dirname(place.replace(/:\d+:\d+$/, '')), name)
  const bytes = nameErrors(place, () => readBoundedRegular(path, MAX_SECRET))
  const secret = Buffer.from(bytes).toString().trim()
  if (secret !== '') return secret
  throw new BtkitError('usage', `${place}: ${path}: empty`)
}

function mapValues(entry: OptionEntry, item: Located): string[] {
  const { value } = item
  if (value.kind !== 'map') {
    return itemsOf(item).map((each) => {
      if (each.value.kind === 'text') return checked(entry, each, each.value.text)
      throw wrong(entry, each, 'must be KEY: VALUE or KEY=VALUE')
    })
  }
  return value.entries.map(({ key, item: each }) => {
    const text = entry.attribute === 'set' ? JSON.stringify(jsonOf(each)) : plainText(each, entry)
    return checked(entry, each, `${key}=${text}`)
  })
}

function plainText(item: Located, entry: OptionEntry): string {
  if (item.value.kind === 'text') return item.value.text
  throw wrong(entry, item, 'a single value is expected here')
}

/** Converts a value to JSON. Text that is not a number, boolean or null becomes a string. */
function jsonOf({ value }: Located): unknown {
  if (value.kind === 'list') return value.items.map(jsonOf)
  if (value.kind === 'map')
    return Object.fromEntries(value.entries.map(({ key, item }) => [key, jsonOf(item)]))
  if (!value.isPlain || !/^(-?\d{1,15}|true|false|null)$/.test(value.text)) return value.text
  return JSON.parse(value.text) as unknown
}

/** Checks a value like the command does, and returns it. */
function checked(entry: OptionEntry, item: Located, text: string): string {
  checkValue(entry, text, item.place)
  return text
}

/**
 * Checks a value like the command does.
 * @throws BtkitError `usage` that begins with `place`
 */
export function checkValue({ key, on }: OptionEntry, text: string, place: string): void {
  try {
    on?.parseArg?.(text, on.defaultValue as never)
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      const reason = error.message.charAt(0).toLowerCase() + error.message.slice(1)
      throw new BtkitError('usage', `${place}: ${key} '${cut(text)}': ${reason.replace(/\.$/, '')}`)
    }
    throw error instanceof BtkitError ? new BtkitError('usage', error.of(place).message) : error
  }
}

function wrong({ key }: OptionEntry, { place, value }: Located, why: string): BtkitError {
  const what = value.kind === 'text' ? ` '${cut(value.text)}'` : ''
  return new BtkitError('usage', `${place}: ${key}${what}: ${why}`)
}

/** The most characters of a key or value in a message. */
const MOST_SHOWN = 200

/** Cuts a long key or value for a message. */
export function cut(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}

/** Matches the password in a URL, which must not be shown. */
const PASSWORD = /(:\/\/[^/@\s:]*):[^/@\s]*@/g

function shownValue(entry: OptionEntry, item: Located, isNegated: boolean): string {
  if (isNegated) return String(booleanOf(item) === false)
  const shown = shownText(item)
  return isSecret(entry.attribute) ? hideSecrets(shown) : shown
}

/** Hides the passwords in URLs. */
export function hidePasswords(text: string): string {
  return text.replaceAll(PASSWORD, '$1:***@')
}

/**
 * A tracker's URL: everything before its path, and the rest. URLs of clients have a `+` before. A
 * comma or bracket is part of it unless a list goes on or ends there.
 */
const TRACKER_URL =
  /(?<![+\w])((?:https?|udp|wss?):\/\/(?:\[[^\]\s]*\]|[^/?#\s,|[\]])+)([/?#](?:[^\s,|\]]|,(?!\s|\w+:\/\/)|\](?![,\]\s]|$))*)/gi

/** The parts of an announce path that no tracker uses as a passkey. */
const PLAIN_PART = /^(announce|scrape)?(\.php)?$/i

/**
 * Hides the passwords in URLs, and what can be a passkey in those of trackers: all parts of the path
 * except `announce`, and the values of the query.
 */
export function hideSecrets(text: string): string {
  return hidePasswords(text).replaceAll(TRACKER_URL, (_, host: string, rest: string) => {
    const [path = '', ...query] = rest.split(/(?=[?#])/)
    const parts = path.split('/').map((part) => (PLAIN_PART.test(part) ? part : '***'))
    return host + parts.join('/') + query.map((part) => `${part.slice(0, 1)}***`).join('')
  })
}

/** A value as one line. */
export function shownText({ value }: Located): string {
  if (value.kind === 'text') return value.text === '' ? "''" : value.text
  if (value.kind === 'list') return `[${value.items.map(shownText).join(', ')}]`
  return `{${value.entries.map(({ key, item }) => `${key}: ${shownText(item)}`).join(', ')}}`
}

/** Returns `FILE:LINE` for a place with a column. */
export function withoutColumn(place: string): string {
  return place.replace(/(:\d+):\d+$/, '$1')
}
