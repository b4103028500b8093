import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { takesTrackers } from '../../options/traits.js'
import { leafCommands, optionEntries, type OptionEntry } from '../../options/table.js'

/**
 * The values of an argument: names of files, names in the configuration, some words, or any text,
 * which a shell cannot complete.
 */
export type Values =
  | 'file'
  | 'directory'
  | 'torrent'
  | 'preset'
  | 'alias'
  | 'text'
  // One of these
  | readonly string[]

/** An option as a shell completes it. */
export interface OptionWords {
  /** With hyphens: `-t`, `--threads`. */
  readonly names: readonly string[]
  readonly description: string
  /** Null for a switch. */
  readonly value: Values | null
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** The names of the command: its own one first. */
  readonly names: readonly string[]
  /** The command in a group of commands, such as `prune` in `cache`; null if there is no group. */
  readonly leaf: string | null
  /** Of the command, or of the whole group. */
  readonly summary: string
  readonly description: string
  readonly options: readonly OptionWords[]
  readonly operands: Values
}

/** The words of all commands, from the table of their options. */
export function commandWords(commands: readonly CommandUnknownOpts[]): CommandWords[] {
  const names = commands.map((command) => command.name())
  return leafCommands(commands).map(({ section, path, command }) => {
    const main = commands.find((each) => each.name() === section)
    const entries = [...optionEntries(command).values()].filter(({ isHidden }) => !isHidden)
    return {
      names: [section, ...(main?.aliases() ?? [])],
      leaf: path === section ? null : command.name(),
      summary: main?.summary() ?? '',
      description: sentence(command.description()),
      options: [...entries.flatMap(optionWords), CONFIG, HELP],
      operands: operandsOf(command, names),
    }
  })
}

const CONFIG: OptionWords = {
  names: ['--config'],
  description: 'read only this configuration file',
  value: 'file',
}
const HELP: OptionWords = { names: ['-h', '--help'], description: 'print the help', value: null }

function optionWords(entry: OptionEntry): OptionWords[] {
  return [entry.on, entry.off].flatMap((option): OptionWords[] => {
    if (!option || option.hidden) return []
    const names = [option.short, option.long].flatMap((name) => name ?? [])
    const isSwitch = option.isBoolean() || option === entry.off
    const value = isSwitch ? null : valuesOf(entry)
    return [{ names, description: sentence(option.description), value }]
  })
}

/** The values of an option, which follow from the name of its argument. */
export function valuesOf({ key, attribute, on, choices, isZeroOrOne }: OptionEntry): Values {
  if (choices) return choices
  if (key === 'preset') return 'preset'
  if (takesTrackers(attribute)) return 'alias'
  if (isZeroOrOne) return ['0', '1']
  const [, name = ''] = /<([^>]*)>/.exec(on?.flags ?? '') ?? []
  if (/^dir(ectory)?$/.test(name) || key.endsWith('-dir')) return 'directory'
  if (/^(file|path)$/.test(name) || key === 'files-from') return 'file'
  return 'text'
}

/** A torrent is completed only if all operands are torrents or directories. */
function operandsOf(command: CommandUnknownOpts, names: readonly string[]): Values {
  const kinds = command.registeredArguments.map((argument): Values => {
    const name = argument.name()
    if (argument.argChoices) return argument.argChoices
    if (name === 'command') return names
    if (/^(root|directory)$/.test(name)) return 'directory'
    if (/^(urls|name)$/.test(name)) return 'text'
    return name.includes('torrent') || name === 'source' ? 'torrent' : 'file'
  })
  const [first = 'text', ...others] = new Set(kinds.filter((kind) => kind !== 'text'))
  return others.length === 0 ? first : 'file'
}

/** The first line of a description, without the period at its end. */
function sentence(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '')
}

/** A word of a script for a shell, in single quotes if it needs any. */
export function quoted(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
