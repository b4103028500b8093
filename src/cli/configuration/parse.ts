import { dirname, resolve } from 'node:path'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { isUnexpanded, NO_SHELL } from '../../base/directories.js'
import { BtkitError, nameErrors, usageError } from '../../base/errors.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { type OptionEntry, takesPaths } from '../options/option.js'
import type { Io } from '../io.js'
import {
  type Given,
  type Located,
  type Place,
  type Problems,
  asReason,
  booleanOf,
  cut,
  itemsOf,
  shownText,
} from '../options/given.js'
import { looksLikeUrl, parseTrackers } from '../../metainfo/trackers.js'
import { hidePasswords, hideAllSecrets } from '../../base/text/secrets.js'
import { suggestion } from '../line/spelling.js'

/** An option that counts, with its value. */
export interface Decided extends Given {
  /** Its values as texts and switches; none if the default or the command itself decides. */
  readonly values: readonly (string | boolean)[]
  /** The value for the command. */
  readonly value: unknown
}

/** Tiers of trackers by the name of their alias. */
export type Aliases = ReadonlyMap<string, readonly (readonly string[])[]>

/** The names that values may refer to: variables and aliases. */
export interface Known extends Pick<Io, 'env' | 'cwd'> {
  readonly aliases: Aliases
  /** Options that were parsed before. The jobs of a batch share most of theirs. */
  readonly parsed?: WeakMap<Given, Decided>
}

/** Parses options. One with a mistake, which is added to the problems, has no value. */
export function parseAll(given: readonly Given[], known: Known, problems: Problems): Decided[] {
  return given.map((each) => {
    const nothing = { ...each, values: [], value: undefined }
    return problems.try<Decided>(nothing, () => {
      const decided = known.parsed?.get(each) ?? parseGiven(each, known)
      known.parsed?.set(each, decided)
      return decided
    })
  })
}

/**
 * Reads the values of an option as its command does, wherever they are from: puts trackers in the
 * place of their aliases, and reads secrets from files and variables.
 * @throws BtkitError `usage` that names the option and its place, without a secret
 */
function parseGiven(given: Given, known: Known): Decided {
  const { kind, on, off } = given.entry
  const isRead = given.source !== 'command'
  // If one of a switch and its opposite is the default, and so has no option, the last one counts
  const uses = kind === 'switch' && !(on && off) ? given.uses.slice(-1) : given.uses
  const texts = isRead ? uses.flatMap((use) => textsOf(given, use, known)) : []
  const standard: unknown = on?.defaultValue
  const parsed = texts.reduce<unknown>((previous, each) => {
    if (typeof each === 'boolean') return each
    const before = typeof previous === 'boolean' ? standard : previous
    return parseText(given, each, before, known)
  }, standard)
  // An option that may have a value is not there if it is off
  const value = parsed === false && on?.optional ? undefined : parsed
  const values = texts.map((each) => (typeof each === 'boolean' ? each : each.text))
  return { ...given, values, value }
}

/** A value as on a command line, and where it is set. */
interface Text {
  readonly text: string
  readonly place: Place
  /** Whether it was read from another file or variable, so that no message may have it. */
  readonly isOpened?: boolean
}

function textsOf(given: Given, use: Located, known: Known): readonly (Text | boolean)[] {
  const { kind, on, off } = given.entry
  const truth = truthOf(given, use)
  if (kind === 'switch') {
    const both = given.source === 'variable' ? 'not 1 or 0' : 'neither true nor false'
    if (truth === null) throw wrong(given, use, both)
    // The default has no option
    return (truth ? on : off) ? [truth] : []
  }
  if (truth === false && (off || on?.optional)) return [truth]
  return on ? valuesOf(given, use, known) : []
}

/** Whether a value turns the option on or off; null for any other value. */
function truthOf({ entry: { kind, on }, source }: Given, use: Located): boolean | null {
  const plain = booleanOf(use)
  if (source !== 'variable' || plain !== null) return plain
  const text = kind === 'switch' || on?.optional ? shownText(use) : ''
  return text === '1' ? true : text === '0' ? false : null
}

/** The values as on a command line, one for each use of the option. */
function valuesOf(given: Given, use: Located, known: Known): readonly Text[] {
  const { kind, traits } = given.entry
  if (kind === 'map') return mapValues(given, use)
  if (kind === 'value') return [textOf(given, use, known)]
  const values = itemsOf(use).flatMap((item) => {
    // A tier of trackers is a list in the list
    const tier = itemsOf(item).map((one) => textOf(given, one, known))
    return withTrackers(given, joined(tier, ',', item.place), known.aliases)
  })
  const separator = kind === 'tiers' ? '|' : traits.separator
  if (separator === undefined || values.length === 0) return values
  return [joined(values, separator, use.place)]
}

function joined(texts: readonly Text[], separator: string, place: Place): Text {
  const isOpened = texts.some((each) => each.isOpened)
  return { text: texts.map(({ text }) => text).join(separator), place, isOpened }
}

/**
 * The texts with trackers in the place of their aliases.
 * @throws BtkitError `usage` for a name that is almost an alias
 */
function withTrackers(given: Given, { place, text, isOpened }: Text, aliases: Aliases): Text[] {
  const { trackers, form } = given.entry.traits
  const one = { place, text, isOpened: isOpened ?? false }
  if (!trackers || isOpened) return [one]
  const names = trackers === 'removed' ? [text] : text.split('|')
  for (const name of trackers === 'removed' ? [] : names) {
    const nearest = instead(name, aliases)
    if (nearest !== '')
      throw refused(given, { text: name, place }, `neither a tracker nor an alias${nearest}`)
  }
  if (!names.some((name) => aliases.has(name))) return [one]
  const tiers = names.flatMap((name) => aliases.get(name) ?? [[name]])
  const lists = tiers.map((tier) => tier.join(','))
  const all = form === 'tiers' ? [lists.join('|')] : trackers === 'tiers' ? lists : tiers.flat()
  return all.map((each) => ({ ...one, text: each }))
}

/** Asks whether an alias was meant by a name; empty if it is an alias, a URL, or like none. */
function instead(name: string, aliases: Aliases): string {
  if (name === '' || aliases.has(name) || looksLikeUrl(name)) return ''
  return suggestion(name, aliases.keys())
}

/** The largest secret in a file, in bytes. */
const MAX_SECRET = 64 * 1024

/**
 * The text of a value. In a configuration `file:PATH` and `env:NAME` stand for a secret. A list of
 * trackers may be in a file wherever they are given.
 */
function textOf(given: Given, item: Located, { env, cwd }: Known): Text {
  const { place, value } = item
  if (value.kind !== 'text') throw wrong(given, item, 'a single value is expected here')
  const { trackers } = given.entry.traits
  const opened = place.isInFile && isSecret(given.entry) ? /^(file|env):(.*)$/ : /^(file):(.*)$/
  const mayBeOpened = place.isInFile ? isSecret(given.entry) : trackers && trackers !== 'removed'
  const [, kind, name = ''] = (mayBeOpened && opened.exec(value.text)) || []
  if (kind === undefined) return { text: value.text, place }
  if (kind === 'env') {
    const secret = env[name]
    if (secret) return { text: secret, place, isOpened: true }
    throw place.error(`the variable ${name} is not set`)
  }
  const path = resolve(place.isInFile ? dirname(place.source) : cwd, name)
  const bytes = nameErrors(place.text, () => readWhole(path, MAX_SECRET))
  const read = Buffer.from(bytes).toString().trim()
  const secret = trackers ? joinLines(read, trackers === 'tiers') : read
  // A file that is typed is no secret
  if (secret !== '') return { text: secret, place, isOpened: place.isInFile }
  throw place.error(`${path}: empty`)
}

/** Joins trackers, one a line; empty lines are between tiers, and comments begin with #. */
function joinLines(text: string, hasTiers: boolean): string {
  const lines = text.split('\n').map((line) => line.trim())
  const all = lines.filter((line) => !line.startsWith('#')).join('\n')
  const tiers = all.split(/\n\n+/).map((tier) => tier.trim().replaceAll('\n', hasTiers ? ',' : '|'))
  return tiers.filter(Boolean).join('|')
}

function mapValues(given: Given, use: Located): Text[] {
  const textIn = (item: Located, why: string) => {
    if (item.value.kind === 'text') return item.value.text
    throw wrong(given, item, why)
  }
  if (use.value.kind !== 'map') {
    return itemsOf(use).map((each) => {
      return { text: textIn(each, 'must be KEY: VALUE or KEY=VALUE'), place: each.place }
    })
  }
  return use.value.entries.map(({ key, item }) => {
    const isJson = given.entry.traits.form === 'json-map'
    const text = isJson
      ? JSON.stringify(jsonOf(item))
      : textIn(item, 'a single value is expected here')
    return { text: `${key}=${text}`, place: item.place }
  })
}

/** Converts a value to JSON. Text that is not a number, boolean or null becomes a string. */
function jsonOf({ value }: Located): unknown {
  if (value.kind === 'list') return value.items.map(jsonOf)
  if (value.kind === 'map')
    return Object.fromEntries(value.entries.map(({ key, item }) => [key, jsonOf(item)]))
  if (!value.isPlain || !/^(-?\d{1,15}|true|false|null)$/.test(value.text)) return value.text
  return JSON.parse(value.text) as unknown
}

function parseText(given: Given, text: Text, previous: unknown, { cwd }: Known): unknown {
  const { entry, source } = given
  const parseArg = entry.on?.parseArg as ((text: string, previous: unknown) => unknown) | undefined
  const parse = source === 'operand' ? parseTrackers : parseArg
  if (text.text === '' && !entry.traits.mayBeEmpty)
    throw refused(given, { ...text, text: null }, 'its value is missing')
  if (takesPaths(entry) && isUnexpanded(text.text)) throw refused(given, text, NO_SHELL)
  const hide = (reason: string) => {
    if (!text.isOpened) return hidden(given, reason)
    const whole = reason.replaceAll(text.text, '***')
    // It may cite one of several trackers, and what to type in its place
    return whole.replace(/; type .*/s, '').replace(/'.*'/s, "'***'")
  }
  try {
    return parse ? parse(text.text, previous) : text.text
  } catch (error) {
    if (error instanceof InvalidArgumentError)
      throw refused(given, text, hide(asReason(error.message)))
    if (!(error instanceof BtkitError)) throw error
    if (source === 'line' || source === 'operand') {
      const isFile = entry.traits.trackers && statIfThere(resolve(cwd, text.text))?.isFile()
      const advice = isFile ? `; for the trackers in it give file:${text.text}` : ''
      throw usageError(hide(error.message) + advice, { cause: error })
    }
    throw text.place.error(hide(error.message))
  }
}

function wrong(given: Given, { place, value }: Located, why: string): BtkitError {
  return refused(given, { text: value.kind === 'text' ? value.text : null, place }, why)
}

/** The one wording of a wrong value: `FILE:1:2: threads 'many': not a number`, `-l 'x': …`. */
function refused(
  given: Given,
  { text, place, isOpened }: Pick<Text, 'place' | 'isOpened'> & { readonly text: string | null },
  why: string,
): BtkitError {
  const option = place.isInFile ? `${place.text}: ${given.entry.key}` : place.source
  const shown = text === null || isOpened ? '' : ` '${hidden(given, cut(text))}'`
  const advice = /^['"]/.test(text ?? '') ? '; leave out the quotes in the value' : ''
  return usageError(`${option}${shown}: ${why}${advice}`)
}

function isSecret({ traits }: OptionEntry): boolean {
  return traits.isSecret ?? traits.trackers !== undefined
}

/** The value of an option as text, without secrets. */
export function shownUses(given: Given): string {
  const texts = given.uses.map(shownText).join(' ')
  return given.source === 'file' ? hidden(given, texts) : hideAllSecrets(texts)
}

/** A text without secrets. Typed texts are on the screen already. */
function hidden({ entry, source }: Given, text: string): string {
  if (source === 'line' || source === 'operand') return text
  return isSecret(entry) ? hideAllSecrets(text) : hidePasswords(text)
}
