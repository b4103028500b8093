import {
  type Command,
  type CommandUnknownOpts,
  Help,
  type Option,
} from '@commander-js/extra-typings'
import { commandTable } from './command-list.js'
import { GROUPS } from './context.js'
import type { Io } from './io.js'
import { pathOf } from './line/usage-errors.js'
import { RARELY_NEEDED, traitsOf } from './options/option.js'

/** The help of the program: the commands that people need by task, and the names of the others. */
function generalHelp(): string {
  const groups = GROUPS.map((heading) => {
    const members = commandTable.filter(({ group }) => group === heading)
    if (NAMES_ONLY.has(heading))
      return `${heading}: ${members.map(({ name }) => name).join(', ')}\n`
    const lines = members.map(({ name, summary, spellings }) => {
      return `  ${name.padEnd(12)}  ${summary}${spellings ? `; also ${spellings.join(', ')}` : ''}\n`
    })
    return `${heading}:\n${lines.join('')}\n`
  })
  return `Usage: btkit <command> [options] [arguments]

${groups.join('')}
Example:
  btkit makemetafile image.iso http://tracker.example/announce
btkit <command> --help lists its options; man btkit-<command> describes them.
`
}

const NAMES_ONLY: ReadonlySet<string> = new Set(['Seldom needed', 'Other names'])

/** The text for a command without arguments: usage, an example, and where to read more. */
export function shortUsage(command: CommandUnknownOpts, example: string): string {
  const path = pathOf(command)
  const lines = [
    `Usage: ${command.createHelp().commandUsage(command)}`,
    '',
    command.description(),
    '',
    'Example:',
    `  ${path} ${example}`,
    '',
    `${path} --help lists the options; man ${path.replace(' ', '-')} describes them.`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Makes commander print help as ours, to our streams. */
export function prepareHelp(command: CommandUnknownOpts, io: Io): void {
  command.configureHelp({
    optionDescription: describeOption,
    visibleOptions: (of) => optionsShown(of, false),
    groupItems: groupsInOrder,
    formatHelp: command.parent || command.commands.length === 0 ? helpWithSettings : generalHelp,
    minWidthToWrap: 24,
    padWidth: (of, help) => Math.min(TERM_WIDTH, Help.prototype.padWidth.call(help, of, help)),
    formatItem: describeBelow,
  })
  for (const subcommand of command.commands) prepareHelp(subcommand, io)
  command.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    getOutHelpWidth: () => io.stdout.columns || 80,
    getErrHelpWidth: () => io.stderr.columns || 80,
  })
}

/** The options in the help of a command: those that people type, or else those that they set once. */
function optionsShown(command: CommandUnknownOpts, areSettings: boolean): Option[] {
  const options = Help.prototype.visibleOptions.call(command.createHelp(), command)
  return options.filter((option) => (traitsOf(option).isSetting ?? false) === areSettings)
}

/** The groups of items in the help, those that hardly anybody needs last. */
function groupsInOrder<Item extends Command | Option>(
  all: Item[],
  visible: Item[],
  groupOf: (item: Item) => string,
): Map<string, Item[]> {
  const groups = Help.prototype.groupItems(all, visible, groupOf)
  const rare = groups.get(RARELY_NEEDED)
  if (rare && groups.delete(RARELY_NEEDED)) groups.set(RARELY_NEEDED, rare)
  return groups
}

/** The help of a command, with the names of its settings behind the options. */
function helpWithSettings(command: CommandUnknownOpts, help: Help): string {
  const text = Help.prototype.formatHelp.call(help, command, help)
  const names = optionsShown(command, true).map(({ long }) => long)
  if (names.length === 0) return text
  const width = (help.helpWidth ?? 80) - 2
  const list = help.boxWrap(names.join(', '), width).replaceAll(/^/gm, '  ')
  return `${text}\nSettings, usually of a configuration (btkit-config(1)):\n${list}\n`
}

/** The largest width of the help's option column. A longer option gets a line of its own. */
const TERM_WIDTH = 28

/**
 * Formats an item of the help. If the term is too long, its description begins on the next line.
 */
function describeBelow(...item: Parameters<Help['formatItem']>): string {
  const [term, width, description, help] = item
  const format = (shown: string) =>
    Help.prototype.formatItem.call(help, shown, width, description, help)
  return term.length > width ? `  ${term}\n${format('')}` : format(term)
}

/** An option's description in the help, with its choices and default. */
function describeOption(option: Option): string {
  const { description, defaultValueDescription, argChoices } = option
  const defaultValue: unknown = option.defaultValue
  const isTelling = typeof defaultValue === 'number' || defaultValueDescription !== undefined
  const details = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(isTelling ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
  ]
  return details.length > 0 ? `${description} (${details.join('; ')})` : description
}
