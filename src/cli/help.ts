import {
  type Command,
  type CommandUnknownOpts,
  Help,
  type Option,
} from '@commander-js/extra-typings'
import { type CommandEntry, commandTable } from './command-list.js'
import { GROUPS } from './context.js'
import type { Io } from './io.js'
import { pathOf } from './line/usage-errors.js'
import { RARELY_NEEDED } from './options/option.js'

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
export function shortUsage(command: CommandUnknownOpts, io: Io, example: string): string {
  const path = pathOf(command)
  const end = `${path} --help lists the options; man ${path.replace(' ', '-')} describes them.`
  return wrapProse(linesOf([...beginning(command, example), end]), io.stderr.columns || 80)
}

/** One screen about a command: the options that guides use, or all if they are few. */
export function shortHelp(command: CommandUnknownOpts, io: Io, entry: CommandEntry): string {
  prepareHelp(command, io)
  const { example, basics } = entry
  const help = command.createHelp()
  const helpWidth = io.stdout.columns || 80
  help.prepareContext({ helpWidth })
  const shown = help.visibleOptions(command).filter(({ long }) => {
    return basics === undefined || ` ${basics} `.includes(` ${(long ?? '').slice('--'.length)} `)
  })
  const width = help.padWidth(command, help)
  const path = pathOf(command)
  const items = shown.map((option) => {
    return help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help)
  })
  const end = `${path} --help lists all options; man ${path.replace(' ', '-')} describes them.`
  const lines = [...beginning(command, example), 'Options:', ...items, '', end]
  return wrapProse(linesOf(lines), helpWidth)
}

function beginning(command: CommandUnknownOpts, example?: string): string[] {
  const usage = `Usage: ${command.createHelp().commandUsage(command)}`
  const examples = example === undefined ? [] : ['Example:', `  ${pathOf(command)} ${example}`, '']
  return [usage, '', command.description(), '', ...examples]
}

const linesOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

/** Makes commander print help as ours, to our streams. */
export function prepareHelp(command: CommandUnknownOpts, io: Io): void {
  command.configureHelp({
    optionDescription: describeOption,
    groupItems: groupsInOrder,
    ...(command.parent || command.commands.length === 0 ? {} : { formatHelp: generalHelp }),
    minWidthToWrap: 24,
    padWidth: (of, help) => Math.min(TERM_WIDTH, Help.prototype.padWidth.call(help, of, help)),
    formatItem: describeBelow,
  })
  if (command.commands.length === 0)
    command.helpOption('-h, --help', 'show the main options (-h), or all')
  for (const subcommand of command.commands) prepareHelp(subcommand, io)
  command.configureOutput({
    writeOut: (text) => io.stdout.write(wrapProse(text, io.stdout.columns || 80)),
    writeErr: (text) => io.stderr.write(text),
    getOutHelpWidth: () => io.stdout.columns || 80,
    getErrHelpWidth: () => io.stderr.columns || 80,
  })
}

/** Breaks long lines between words; examples, which are indented, stay as they are. */
function wrapProse(text: string, columns: number): string {
  const long = new RegExp(`(?=.{${columns + 1}})(.{1,${columns}}) `, 'g')
  const wrap = (line: string) => (line.startsWith(' ') ? line : line.replace(long, '$1\n'))
  return text.split('\n').map(wrap).join('\n')
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
export function describeOption(option: Option): string {
  const { description, defaultValueDescription, argChoices } = option
  const defaultValue: unknown = option.defaultValue
  const isTelling =
    defaultValueDescription !== undefined || /number|string/.test(typeof defaultValue)
  const details = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(isTelling ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
  ]
  return details.length > 0 ? `${description} (${details.join('; ')})` : description
}
