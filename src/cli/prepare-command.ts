import {
  Help,
  InvalidArgumentError,
  type CommandUnknownOpts,
  type Option,
} from '@commander-js/extra-typings'
import { BtkitError } from '../errors.js'
import { typedName } from './arguments/option-names.js'
import type { Io } from './io.js'
import { reportError } from './output/messages.js'

/** What a command line is run with. */
export interface Preparation {
  readonly io: Io
  /** As typed. */
  readonly args: readonly string[]
  /** Adds to an error where options are from that were not typed. */
  readonly explain: (text: string) => string
}

/** Has commander write to our streams, report an error in one line, and never end the process. */
export function prepareCommand(
  command: CommandUnknownOpts,
  preparation: Preparation,
): CommandUnknownOpts {
  const { io, args, explain } = preparation
  command.configureHelp({
    optionDescription: describeOption,
    minWidthToWrap: 24,
    padWidth: (of, help) => Math.min(TERM_WIDTH, Help.prototype.padWidth.call(help, of, help)),
    formatItem: describeBelow,
  })
  for (const option of command.options) nameInErrors(option, args)
  for (const subcommand of command.commands) prepareCommand(subcommand, preparation)
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text) => {
      reportError(explain(restate(text, command)), io)
    },
    getOutHelpWidth: () => io.stdout.columns ?? 80,
    getErrHelpWidth: () => io.stderr.columns ?? 80,
  })
}

/** The width of the column of options in the help; a longer one has a line of its own. */
const TERM_WIDTH = 28

/** An item of the help, whose description begins on the next line if its term is too long. */
function describeBelow(...item: Parameters<Help['formatItem']>): string {
  const [term, width, description, help] = item
  const format = (shown: string) =>
    Help.prototype.formatItem.call(help, shown, width, description, help)
  return term.length > width ? `  ${term}\n${format('')}` : format(term)
}

/** The description of an option in the help, with its choices and a default worth showing. */
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

/** Has a wrong value reported as `--option 'value': why`, by the name that was typed; commander's own message is longer. */
function nameInErrors(option: Option, args: readonly string[]): void {
  const { parseArg, long } = option
  if (!parseArg) return
  option.parseArg = <T>(value: string, previous: T): T => {
    try {
      return parseArg(value, previous)
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      throw new BtkitError(
        'usage',
        `${long ? typedName(long, value, args) : option.flags} '${value}': ${asReason(error.message)}`,
      )
    }
  }
}

/** A sentence in the form in which it follows a colon. */
function asReason(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

/** An error of commander as one line, with a hint at the usage where it says too little. */
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
  if (/^unknown command '[^']*'$/.test(line))
    return `${line} (${pathOf(command)} --help lists them)`
  return line
}

/** A command as it is typed: `btkit cache stats`. */
export function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
