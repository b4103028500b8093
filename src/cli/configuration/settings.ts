import { InvalidArgumentError } from '@commander-js/extra-typings'
import { dirname, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import type { Io } from '../io.js'
import type { OptionEntry } from '../options/table.js'
import { SECRETS, SEPARATORS, TRACKERS } from '../options/traits.js'
import type { Located } from './read-file.js'

/** An option with its value, as a configuration or the environment has it. */
export interface Setting {
  readonly entry: OptionEntry
  /** How it is spelled on a command line; empty for what is so by default. */
  readonly args: readonly string[]
  /** The value in words, without what is secret. */
  readonly shown: string
  /** `FILE:LINE:COLUMN`, or the name of a variable. */
  readonly place: string
}

/** A setting that is read only when nothing stronger displaces it. */
export interface Candidate {
  readonly entry: OptionEntry
  /** As in the setting. */
  readonly place: string
  /**
   * Reads and checks it.
   * @throws BtkitError `usage` that names the place
   */
  readonly open: () => Setting
}

/** Tiers of trackers by the name of their alias. */
export type Aliases = ReadonlyMap<string, readonly (readonly string[])[]>

export interface World extends Pick<Io, 'env'> {
  /** Names that stand for trackers. */
  readonly aliases?: Aliases
}

/** A key or password that is read is no longer than this, in bytes. */
const MAX_SECRET = 64 * 1024

/**
 * What a configuration says of an option; null if it gives no value. `isNegated`: its key is the
 * option's `no-…`.
 */
export function candidateOf(
  { entry, isNegated }: FoundEntry,
  item: Located,
  world: World,
): Candidate | null {
  if (isNothing(item)) return null
  const open = () => {
    const args = argsOf(entry, item, { isNegated, world })
    return { entry, args, shown: shownValue(entry, item, isNegated), place: item.place }
  }
  return { entry, place: item.place, open }
}

/** An option found by a key of a configuration. */
export interface FoundEntry {
  readonly entry: OptionEntry
  /** Whether the key is its `no-…`. */
  readonly isNegated: boolean
}

function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && /^(null|~)?$/i.test(value.text)
}

interface Way {
  /** Whether the key is `no-…` itself. */
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

function booleanOf({ value }: Located): boolean | null {
  if (value.kind !== 'text' || !value.isPlain) return null
  if (/^(true|True|TRUE)$/.test(value.text)) return true
  return /^(false|False|FALSE)$/.test(value.text) ? false : null
}

/** The values as the command line has them, one for each time that the option is given. */
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
  if (!aliases || !TRACKERS.has(entry.attribute)) return itemsOf(item)
  return itemsOf(item).flatMap((each) => {
    const { place, value } = each
    const tiers = value.kind === 'text' ? aliases.get(value.text) : undefined
    if (!tiers) return [each]
    const text = (url: string): Located => ({
      place,
      value: { kind: 'text', text: url, isPlain: true },
    })
    // --tracker takes one each time
    if (entry.attribute === 'tracker') return tiers.flat().map(text)
    return tiers.map((tier): Located => ({ place, value: { kind: 'list', items: tier.map(text) } }))
  })
}

function texts(item: Located, entry: OptionEntry, world: World): string[] {
  return itemsOf(item).map((each) => textOf(each, entry, world))
}

function textOf(item: Located, entry: OptionEntry, world: World): string {
  const { value } = item
  if (value.kind !== 'text') throw wrong(entry, item, 'one value is wanted here')
  const truth = booleanOf(item)
  if (truth !== null && entry.isZeroOrOne) return truth ? '1' : '0'
  return SECRETS.has(entry.attribute) ? openSecret(value.text, item, world) : value.text
}

/** Reads what stands in a file or a variable: `file:PATH`, `env:NAME`. */
function openSecret(text: string, { place }: Located, { env }: World): string {
  const [, kind, name = ''] = /^(file|env):(.*)$/.exec(text) ?? []
  if (kind === undefined) return text
  if (kind === 'env') {
    const value = env[name]
    if (value) return value
    throw new BtkitError('usage', `${place}: the variable ${name} is not set`)
  }
  const path = resolve(dirname(place.replace(/:\d+:\d+$/, '')), name)
  try {
    const secret = Buffer.from(readBoundedRegular(path, MAX_SECRET)).toString().trim()
    if (secret !== '') return secret
  } catch (error) {
    throw error instanceof BtkitError ? error.of(place) : error
  }
  throw new BtkitError('usage', `${place}: ${path}: empty`)
}

function mapValues(entry: OptionEntry, item: Located): string[] {
  const { value } = item
  if (value.kind !== 'map') {
    return itemsOf(item).map((each) => {
      if (each.value.kind === 'text') return checked(entry, each, each.value.text)
      throw wrong(entry, each, 'not KEY: VALUE, nor KEY=VALUE')
    })
  }
  return value.entries.map(({ key, item: each }) => {
    const text = entry.attribute === 'set' ? JSON.stringify(jsonOf(each)) : plainText(each, entry)
    return checked(entry, each, `${key}=${text}`)
  })
}

function plainText(item: Located, entry: OptionEntry): string {
  if (item.value.kind === 'text') return item.value.text
  throw wrong(entry, item, 'one value is wanted here')
}

/** A value as JSON has it; text that is no number, truth or null is a string. */
function jsonOf({ value }: Located): unknown {
  if (value.kind === 'list') return value.items.map(jsonOf)
  if (value.kind === 'map')
    return Object.fromEntries(value.entries.map(({ key, item }) => [key, jsonOf(item)]))
  if (!value.isPlain || !/^(-?\d{1,15}|true|false|null)$/.test(value.text)) return value.text
  return JSON.parse(value.text) as unknown
}

/** Has the command's own check look at a value. */
function checked(entry: OptionEntry, item: Located, text: string): string {
  checkValue(entry, text, item.place)
  return text
}

/**
 * Checks a value as the command does.
 * @throws BtkitError `usage` that begins with `place`
 */
export function checkValue({ key, on }: OptionEntry, text: string, place: string): void {
  try {
    on?.parseArg?.(text, on.defaultValue as never)
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      const reason = error.message.charAt(0).toLowerCase() + error.message.slice(1)
      throw new BtkitError('usage', `${place}: ${key} '${text}': ${reason.replace(/\.$/, '')}`)
    }
    throw error instanceof BtkitError ? new BtkitError('usage', error.of(place).message) : error
  }
}

function wrong({ key }: OptionEntry, { place, value }: Located, why: string): BtkitError {
  const what = value.kind === 'text' ? ` '${value.text}'` : ''
  return new BtkitError('usage', `${place}: ${key}${what}: ${why}`)
}

/** A password in an address is not for screens. */
const PASSWORD = /(:\/\/[^/@\s:]*):[^/@\s]*@/g

function shownValue(entry: OptionEntry, item: Located, isNegated: boolean): string {
  if (isNegated) return String(booleanOf(item) === false)
  const shown = shownText(item)
  return SECRETS.has(entry.attribute) ? hidePasswords(shown) : shown
}

/** Text without the passwords of addresses. */
export function hidePasswords(text: string): string {
  return text.replaceAll(PASSWORD, '$1:***@')
}

/** A value as one line. */
export function shownText({ value }: Located): string {
  if (value.kind === 'text') return value.text === '' ? "''" : value.text
  if (value.kind === 'list') return `[${value.items.map(shownText).join(', ')}]`
  return `{${value.entries.map(({ key, item }) => `${key}: ${shownText(item)}`).join(', ')}}`
}
