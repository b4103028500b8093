import { findCommand } from '../command-list.js'
import type { Io } from '../io.js'
import { suggestion } from '../line/spelling.js'
import { adviceInsteadOf, noteOldName, otherNames } from '../options/old-names.js'
import {
  booleanOf,
  cut,
  type Given,
  givenAs,
  type Layer,
  type Located,
  type Place,
  type Problems,
  type Section,
  shownText,
  textAt,
} from '../options/given.js'
import type { Configuration } from './files.js'
import type { OptionEntry } from '../options/option.js'
import { DEFAULTS, isKnownKey, knownKeys, takesDefault } from '../options/table.js'

/**
 * The options in a file for a command, as layers with the strongest last: its default preset, the
 * defaults, and the command's own section.
 */
export function layersOf(
  { sections, defaultPreset }: Configuration,
  section: string,
  entries: Entries,
  problems: Problems,
): Layer[] {
  const inSection = (name: string) => {
    const own = sections.find((each) => each.name === name) ?? { name, entries: [] }
    return layerOf(own, entries, problems, name)
  }
  const preset = { name: 'default-preset', entries: defaultPreset }
  return [
    layerOf(preset, entries, problems, null),
    defaultsFor(section, inSection(DEFAULTS)),
    inSection(section),
  ]
}

/** The defaults that a command accepts. */
export function defaultsFor(section: string, { name, given }: Layer): Layer {
  return { name, given: given.filter(({ entry }) => takesDefault(section, entry.key)) }
}

/** The options of a command by key. */
export type Entries = ReadonlyMap<string, OptionEntry>

/**
 * The options that a section gives, as a layer of its name. An unknown key is a problem, and so is
 * an option under two names. A key of another command is left alone if it is known in the section
 * `scope`, or for null in any.
 */
export function layerOf(
  { name, entries: all }: Pick<Section, 'name' | 'entries'>,
  entries: Entries,
  problems: Problems,
  scope?: string | null,
): Layer {
  const keys = new Map<OptionEntry, string>()
  const given = all.flatMap((each) => {
    const found = findByKey(each.key, each.item, entries)
    if (found) {
      if (isNothing(found.item)) return []
      const other = keys.get(found.entry)
      if (other !== undefined)
        problems.add(each.place.error(`${each.key} and ${other} are one option; give one of them`))
      keys.set(found.entry, each.key)
      return [givenAs('file', found.entry, [found.item])]
    }
    // Of the command itself it has a value that it cannot have
    const isOwn = entries.has(each.key.replace(/^no-/, ''))
    const isElsewhere = !isOwn && scope !== undefined && isKnownKey(each.key, scope)
    if (isElsewhere || noteEnded(each.key, each.place, problems)) return []
    const names = scope ? knownKeys(scope) : entries.keys()
    problems.add(each.place.error(unknownKey(each.key, name, names)))
    return []
  })
  return { name, given }
}

/** Whether a file gives no value: none at all, `null` or `~`. */
export function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && /^(null|~)?$/i.test(value.text)
}

type FoundOption = Pick<Given, 'entry'> & { readonly item: Located }

/**
 * Finds an option by its name, its `no-…` form, or its name in other programs. If only the `no-…`
 * form of a name exists, the value decides whether the key means another option, as edit's
 * `tracker` means `set-tracker` for a URL. The value of a `no-…` form is reversed.
 */
export function findByKey(key: string, item: Located, entries: Entries): FoundOption | null {
  const own = entries.get(key)
  const isOwn = own !== undefined && (own.on !== null || booleanOf(item) !== null)
  const others = otherNames(key).flatMap((name) => entries.get(name) ?? [])
  const other = isOwn ? undefined : others.find(({ on }) => on !== null)
  if (other) return { entry: other, item: noteOldName(key, other.key, item) }
  if (own) return { entry: own, item }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  if (opposite?.kind === 'switch') return { entry: opposite, item: reversed(item) }
  // The opposite of an option with a value names none: `no-date: false` would be an unknown date
  const isOn = item.place.isInFile ? booleanOf(item) === true : shownText(item) === '1'
  return opposite?.off && isOn ? { entry: opposite, item: { ...item, value: FALSE } } : null
}

/** Turns off an option that has a value: `false` in a file, or a variable `…_NO_…` of `1`. */
const FALSE = { kind: 'text', text: 'false', isPlain: true } as const

const REVERSED: Readonly<Record<string, string>> = { true: 'false', false: 'true' }
const REVERSED_VARIABLE: Readonly<Record<string, string>> = { 1: '0', 0: '1' }

function reversed(item: Located): Located {
  const { place, value } = item
  if (value.kind !== 'text' || (place.isInFile && !value.isPlain)) return item
  const others = place.isInFile ? REVERSED : REVERSED_VARIABLE
  return { place, value: { ...value, text: others[value.text.toLowerCase()] ?? value.text } }
}

/** Whether a key is an option that ended; then a note says what to use, and nothing fails. */
function noteEnded(key: string, place: Place, problems: Problems): boolean {
  const advice = adviceInsteadOf(key)
  if (advice !== null) problems.notes.add(`${place.text}: ${endedKey(key, advice)}`)
  return advice !== null
}

const endedKey = (key: string, advice: string) => `${key} is no option any more; ${advice}`

/** Reports an unknown key of a section, with a suggestion. */
export function unknownKey(key: string, section: string, known: Iterable<string>): string {
  const advice = adviceInsteadOf(key)
  if (advice !== null) return endedKey(key, advice)
  if (section === DEFAULTS && isKnownKey(key, null))
    return `option "${key}" cannot be a default; put it below a command`
  const otherwise =
    section === DEFAULTS ? '; no command has it' : `; ${section} has none of that name`
  return `unknown option "${cut(key)}"${suggestion(key, known) || otherwise}`
}

/**
 * The options of a command in the environment: its own variables and, if it has them, those of all
 * options. `BTKIT_SERVE_PORT=80` is `--port 80`. Values of a repeatable option are separated by
 * spaces. A switch is `1` or `0`, and so is an option that may have a value. A variable without a
 * matching option is a problem.
 *
 * commander's own `.env()` is unsuitable: it reads process.env, any value turns a switch on, lists
 * have only one value, and misspelled variables are ignored.
 */
export function environmentOptions(
  section: string | null,
  entries: Entries,
  env: Io['env'],
  problems: Problems,
): Given[] {
  // The command reads these itself. Here they only override the configuration.
  const own = [...entries.values()].flatMap((entry): Given[] => {
    const { variable = '' } = entry.traits
    const value = env[variable]
    return value ? [givenAs('command', entry, [textAt(variable, value)])] : []
  })
  const command = findCommand(section ?? '')
  if (!command?.isService && !command?.hasVariables) return own
  const prefix = `BTKIT_${command.name.toUpperCase()}_`
  const options = Object.entries(env).flatMap(([variable, value = '']) => {
    if (!variable.startsWith(prefix) || value.trim() === '') return []
    const key = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
    const item = textAt(variable, value)
    return problems.try<Given[]>([], () => {
      return noteEnded(key, item.place, problems) ? [] : [fromVariable(key, item, entries)]
    })
  })
  return [...own, ...options]
}

function fromVariable(key: string, value: Located, entries: Entries): Given {
  const found = findByKey(key, value, entries)
  if (!found) throw value.place.error(`unknown option --${key}${suggestion(key, entries.keys())}`)
  const { entry, item } = found
  if (booleanOf(item) !== null) return givenAs('variable', entry, [item])
  const isRepeatable = Array.isArray(entry.on?.defaultValue)
  const words = isRepeatable ? shownText(item).trim().split(/\s+/) : [shownText(item)]
  const uses = words.map((word) => ({ ...item, ...textAt(value.place.source, word) }))
  return givenAs('variable', entry, uses)
}
