import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'

type CommandOption = CommandUnknownOpts['options'][number]

/**
 * Adds options from the environment to a command line, for systemd units and the like, except those
 * that are on it already: `BTKIT_SERVE_PORT=80` is `--port 80`. The values of an option that can be
 * repeated have spaces between them; a switch is `1` or `0`.
 *
 * commander's own `.env()` would not do: it reads process.env, whatever the value of a switch is
 * turns it on, a list is one value, and a variable with a typing error is ignored.
 * @throws BtkitError `usage` for a variable that stands for nothing
 */
export function addEnvironment(
  args: readonly string[],
  command: CommandUnknownOpts,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const [name = '', ...given] = args
  const prefix = `BTKIT_${name.toUpperCase()}_`
  const options = given.slice(0, given.includes('--') ? given.indexOf('--') : given.length)
  const added = Object.entries(env).flatMap(([variable, value = '']) => {
    if (!variable.startsWith(prefix) || value.trim() === '') return []
    const option = optionOf(variable, prefix, command)
    const isSettled = alternativesOf(option, command).some((each) => isGiven(each, options))
    return isSettled ? [] : spell(option, variable, value)
  })
  return [name, ...added, ...given]
}

function optionOf(variable: string, prefix: string, command: CommandUnknownOpts): CommandOption {
  const long = `--${variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')}`
  const option = command.options.find((each) => each.long === long)
  if (option) return option
  throw new BtkitError('usage', `${variable}: there is no option ${long}`)
}

/**
 * The options of which one on the command line overrules this one: itself, and among trackers all.
 */
function alternativesOf(option: CommandOption, { options }: CommandUnknownOpts): CommandOption[] {
  const isOfTrackers = (each: CommandOption) => each.long?.startsWith('--tracker')
  return isOfTrackers(option) ? options.filter(isOfTrackers) : [option]
}

function isGiven({ long, short }: CommandOption, args: readonly string[]): boolean {
  return args.some((arg) => {
    return arg === long || arg.startsWith(`${long ?? ''}=`) || (short && arg.startsWith(short))
  })
}

function spell(option: CommandOption, variable: string, value: string): string[] {
  const long = option.long ?? ''
  if (option.required) {
    const isRepeatable = Array.isArray(option.defaultValue)
    const values = isRepeatable ? value.trim().split(/\s+/) : [value]
    return values.map((each) => `${long}=${each}`)
  }
  if (value === '1') return [long]
  if (value === '0') return []
  throw new BtkitError('usage', `${variable} '${value}': neither 1 nor 0`)
}
