import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/** Names that other programs have for options of ours. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([['--output', '--target']])

/**
 * Rewrites the options of a command line to the names that btkit declares: `--announce_list`, as in
 * BitTornado, becomes `--announce-list`, and `--output` becomes `--target`. Operands and the values
 * of options stay as they are.
 */
export function normalizeOptionNames(
  args: readonly string[],
  command: CommandUnknownOpts,
): string[] {
  const options = [command, ...command.commands].flatMap((each) => each.options)
  const takesValue = new Map(
    options.flatMap(({ long, short, required }) => [
      [long, required],
      [short, required],
    ]),
  )
  let isValue = false
  let isOver = false
  return args.map((arg) => {
    isOver ||= arg === '--' && !isValue
    if (isOver || isValue || !arg.startsWith('-')) {
      isValue = false
      return arg
    }
    if (!arg.startsWith('--')) {
      isValue = wantsValue(arg, takesValue)
      return arg
    }
    const [name = '', ...value] = arg.split('=')
    const long = declaredName(name, takesValue)
    isValue = value.length === 0 && takesValue.get(long) === true
    return takesValue.has(long) ? [long, ...value].join('=') : arg
  })
}

type Options = ReadonlyMap<string | undefined, boolean | undefined>

function declaredName(name: string, options: Options): string {
  const long = name.replaceAll('_', '-')
  return options.has(long) ? long : (OTHER_NAMES.get(long) ?? long)
}

/** Whether the next argument is the value of the last of short options, as in `-dc TEXT`. */
function wantsValue(arg: string, options: Options): boolean {
  const letters = arg.slice(1).split('')
  const first = letters.findIndex((letter) => options.get(`-${letter}`))
  return first >= 0 && first === letters.length - 1
}
