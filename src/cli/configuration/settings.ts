import { dirname, resolve } from 'node:path'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { BtkitError, nameErrors } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { otherNames } from '../options/bittornado.js'
import type { OptionEntry } from '../options/table.js'
import type { Io } from '../io.js'
import { asReason } from '../line/command-line.js'
import {
  type Place,
  type Located,
  type Problems,
  booleanOf,
  cut,
  itemsOf,
  shownText,
} from './located.js'
import { hideSecrets } from './secrets.js'
import { suggestion } from '../line/spelling.js'

/** An option with its value from a configuration or the environment. */
export interface Setting {
  readonly entry: OptionEntry
  /** The texts of its values, or whether it is on; null if the default or the command decides. */
  readonly given: readonly string[] | boolean | null
  /** The value for the command. */
  readonly value: unknown
  /** The value as text, without secrets. */
  readonly shown: string
  readonly place: Place
}

/** A setting that is opened only if no stronger one overrides it. */
export interface Candidate {
  readonly entry: OptionEntry
  readonly place: Place
  /** Reads and checks the setting once. A mistake is added to the problems. */
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
  readonly aliases: Aliases
  readonly problems: Problems
}

/** An option found by a key in a configuration. */
export interface FoundEntry {
  readonly entry: OptionEntry
  /** Whether the key is its `no-…` form. */
  readonly isNegated: boolean
}

/**
 * Finds an option by its name, its `no-…` form, or its name in other programs. If only the `no-…`
 * form of a name exists, `value` decides whether the key means another option, as edit's `tracker`
 * means `set-tracker` for a URL.
 */
export function findEntry(
  key: string,
  entries: ReadonlyMap<string, OptionEntry>,
  value?: Located,
): FoundEntry | null {
  const own = entries.get(key)
  const isOwn = own !== undefined && (own.on !== null || !value || booleanOf(value) !== null)
  const others = otherNames(key).flatMap((name) => entries.get(name) ?? [])
  const other = isOwn ? undefined : others.find(({ on }) => on !== null)
  const entry = other ?? own
  if (entry) return { entry, isNegated: false }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  return opposite?.kind === 'switch' ? { entry: opposite, isNegated: true } : null
}

/** The largest secret in a file, in bytes. */
const MAX_SECRET = 64 * 1024

/** The setting for an option in a configuration; null if there is no value. */
export function candidateOf(found: FoundEntry, item: Located, world: World): Candidate | null {
  if (isNothing(item)) return null
  const { entry, isNegated } = found
  const { place } = item
  const shown = isNegated ? String(booleanOf(item) === false) : shownValue(entry, shownText(item))
  return candidate({ entry, place, shown }, world.problems, () => given(found, item, world))
}

/** A candidate whose values `find` reads. */
export function candidate(
  about: Pick<Setting, 'entry' | 'place' | 'shown'>,
  problems: Problems,
  find: () => boolean | null | readonly Text[],
): Candidate {
  let opened: Setting | null = null
  const { entry, place } = about
  const open = () => {
    opened ??= problems.try<Setting>({ ...about, given: null, value: undefined }, () => {
      const values = find()
      // An option that may have a value is not there if it is off
      if (values === false && entry.on?.optional)
        return { ...about, given: false, value: undefined }
      if (values === null || typeof values === 'boolean')
        return { ...about, given: values, value: values }
      const value = values.reduce(
        (previous: unknown, text) => parseText(entry, text, previous),
        entry.on?.defaultValue,
      )
      return { ...about, given: values.map(({ text }) => text), value }
    })
    return opened
  }
  return { entry, place, open }
}

function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && /^(null|~)?$/i.test(value.text)
}

/** A value as on a command line, and where it is set. */
interface Text {
  readonly text: string
  readonly place: Place
  /** Whether it was read from another file or variable, so that no message may have it. */
  readonly isOpened?: boolean
}

function given({ entry, isNegated }: FoundEntry, item: Located, world: World) {
  const { on, off, kind } = entry
  const truth = booleanOf(item)
  if (kind === 'switch') {
    if (truth === null) throw wrong(entry, item, 'neither true nor false')
    return switched(entry, truth !== isNegated)
  }
  if (truth === false && (off || on?.optional)) return false
  return on ? valuesOf(entry, item, world) : []
}

/** A switch that is on or off; null for its default, which has no option. */
export function switched({ on, off }: OptionEntry, isOn: boolean): boolean | null {
  return (isOn ? on : off) ? isOn : null
}

/** The values as on a command line, one for each use of the option. */
function valuesOf(entry: OptionEntry, item: Located, world: World): Text[] {
  const separator = entry.kind === 'tiers' ? '|' : entry.traits.separator
  if (entry.kind === 'map') return mapValues(entry, item)
  if (entry.kind === 'value') return [textOf(item, entry, world)]
  const values = spelledItems(entry, item, world).map((each) => {
    // A tier of trackers is a list in the list
    return joined(
      itemsOf(each).map((one) => textOf(one, entry, world)),
      ',',
      each.place,
    )
  })
  return separator === undefined || values.length === 0
    ? values
    : [joined(values, separator, item.place)]
}

function joined(texts: readonly Text[], separator: string, place: Place): Text {
  const isOpened = texts.some((each) => each.isOpened)
  return { text: texts.map(({ text }) => text).join(separator), place, isOpened }
}

/** The items, with tiers of trackers in the place of their alias. */
function spelledItems(entry: OptionEntry, item: Located, { aliases }: World): readonly Located[] {
  const { trackers } = entry.traits
  if (!trackers) return itemsOf(item)
  return itemsOf(item).flatMap((each) => {
    const { place, value } = each
    const tiers = value.kind === 'text' ? aliases.get(value.text) : undefined
    if (!tiers) {
      const isName = value.kind === 'text' && !/^(env|file):/.test(value.text)
      const nearest = isName && trackers !== 'removed' ? insteadOf(value.text, aliases) : ''
      if (nearest !== '') throw wrong(entry, each, `neither a tracker nor an alias${nearest}`)
      return [each]
    }
    const text = (url: string): Located => ({
      place,
      value: { kind: 'text', text: url, isPlain: true },
    })
    if (trackers !== 'tiers') return tiers.flat().map(text)
    return tiers.map((tier): Located => ({ place, value: { kind: 'list', items: tier.map(text) } }))
  })
}

function textOf(item: Located, entry: OptionEntry, world: World): Text {
  const { place, value } = item
  if (value.kind !== 'text') throw wrong(entry, item, 'a single value is expected here')
  return isSecret(entry) ? openSecret(value.text, place, world) : { text: value.text, place }
}

/** Reads a value from a file or a variable: `file:PATH`, `env:NAME`. */
function openSecret(text: string, place: Place, { env }: World): Text {
  const [, kind, name = ''] = /^(file|env):(.*)$/.exec(text) ?? []
  if (kind === undefined) return { text, place }
  if (kind === 'env') {
    const value = env[name]
    if (value) return { text: value, place, isOpened: true }
    throw place.error(`the variable ${name} is not set`)
  }
  const path = resolve(dirname(place.source), name)
  const bytes = nameErrors(place.text, () => readBoundedRegular(path, MAX_SECRET))
  const secret = Buffer.from(bytes).toString().trim()
  if (secret !== '') return { text: secret, place, isOpened: true }
  throw place.error(`${path}: empty`)
}

function mapValues(entry: OptionEntry, item: Located): Text[] {
  const { value } = item
  if (value.kind !== 'map') {
    return itemsOf(item).map((each) => {
      if (each.value.kind === 'text') return { text: each.value.text, place: each.place }
      throw wrong(entry, each, 'must be KEY: VALUE or KEY=VALUE')
    })
  }
  return value.entries.map(({ key, item: each }) => {
    const text =
      entry.traits.form === 'json-map' ? JSON.stringify(jsonOf(each)) : plainText(each, entry)
    return { text: `${key}=${text}`, place: each.place }
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

/**
 * Parses a value like the command does. No message has a secret.
 * @throws BtkitError `usage` that begins with the place
 */
function parseText(
  entry: OptionEntry,
  { text, place, isOpened }: Text,
  previous: unknown,
): unknown {
  const { key, on } = entry
  const parse = on?.parseArg as ((text: string, previous: unknown) => unknown) | undefined
  const hide = (reason: string) => {
    if (isOpened) return reason.replaceAll(text, '***')
    return isSecret(entry) ? hideSecrets(reason) : reason
  }
  try {
    return parse ? parse(text, previous) : text
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      const shown = isOpened ? '' : ` '${hide(cut(text))}'`
      throw place.error(`${key}${shown}: ${hide(asReason(error.message))}`)
    }
    throw error instanceof BtkitError ? place.error(hide(error.message)) : error
  }
}

function wrong(entry: OptionEntry, { place, value }: Located, why: string): BtkitError {
  const what = value.kind === 'text' ? ` '${shownValue(entry, cut(value.text))}'` : ''
  return place.error(`${entry.key}${what}: ${why}`)
}

function isSecret({ traits }: OptionEntry): boolean {
  return traits.isSecret ?? traits.trackers !== undefined
}

function shownValue(entry: OptionEntry, text: string): string {
  return isSecret(entry) ? hideSecrets(text) : text
}
