import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/**
 * Spells the options of a command line with hyphens: `--announce_list` was BitTornado's way. What
 * is no option, an option's value above all, stays as it is.
 */
export function normalizeOptionNames(
  args: readonly string[],
  command: CommandUnknownOpts,
): string[] {
  const options = [command, ...command.commands].flatMap((each) => each.options)
  const takesValue = new Map(options.map((option) => [option.long, option.required]))
  let isValue = false
  let isOver = false
  return args.map((arg) => {
    isOver ||= arg === '--' && !isValue
    if (isOver || isValue || !arg.startsWith('--')) {
      isValue = false
      return arg
    }
    const [name = '', ...value] = arg.split('=')
    const long = name.replaceAll('_', '-')
    isValue = value.length === 0 && takesValue.get(long) === true
    return takesValue.has(long) ? [long, ...value].join('=') : arg
  })
}
