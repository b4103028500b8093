import { Help, type CommandUnknownOpts, type Option } from '@commander-js/extra-typings'
import type { Io } from './io.js'
import { reportError } from './output/messages.js'

/** The context of a command line. */
export interface Preparation {
  readonly io: Io
  /** Adds the origin of options that were not typed to an error message. */
  readonly explain: (text: string) => string
}

/** Makes commander write to our streams, report errors in one line, and never end the process. */
export function prepareCommand(
  command: CommandUnknownOpts,
  preparation: Preparation,
): CommandUnknownOpts {
  const { io, explain } = preparation
  command.configureHelp({
    optionDescription: describeOption,
    minWidthToWrap: 24,
    padWidth: (of, help) => Math.min(TERM_WIDTH, Help.prototype.padWidth.call(help, of, help)),
    formatItem: describeBelow,
  })
  for (const subcommand of command.commands) prepareCommand(subcommand, preparation)
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text) => {
      reportError(explain(restate(text, command)), io)
    },
    getOutHelpWidth: () => io.stdout.columns || 80,
    getErrHelpWidth: () => io.stderr.columns || 80,
  })
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

/** A commander error as one line, with the usage if that helps. */
function restate(text: string, command: CommandUnknownOpts): string {
  const line = text
    .replace(/^error: /, '')
    .trimEnd()
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  const usage = command.createHelp().commandUsage(command)
  if (/^(missing required argument|too many arguments)/.test(line))
    return `${line} (usage: ${usage})`
  const missing = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument missing$/.exec(line)
  if (missing?.[1]) return `${missing[1]}: its value is missing`
  if (/^unknown command '[^']*'$/.test(line)) return `${line} (see ${pathOf(command)} --help)`
  return suggestPositive(line, command)
}

/** Suggests `--private` instead of `--no-private`, unless a `--no-` was typed. */
function suggestPositive(line: string, { options }: CommandUnknownOpts): string {
  const [, typed, name] = /^unknown option '(.*)' \(Did you mean --no-(.*)\?\)$/.exec(line) ?? []
  const isOption = options.some(({ long }) => long === `--${name ?? ''}`)
  return isOption && !typed?.includes('no-') ? line.replace('--no-', '--') : line
}

/** A command's full name: `btkit cache stats`. */
export function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
