import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/** Option names of other commands and programs, with btkit's names for them. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['--output', ['--target', '--output-dir', '--saveas']],
  ['--target', ['--output-dir', '--saveas']],
  ['--output-dir', ['--target', '--saveas']],
  ['--saveas', ['--target', '--output-dir']],
  ['--tracker', ['--announce']],
  ['--announce', ['--tracker']],
  ['--http-seed', ['--httpseeds']],
  ['--http-seeds', ['--httpseeds']],
  ['--piece-size', ['--piece-length']],
  ['--max-piece-length', ['--max-piece-size']],
  ['--target-piece-count', ['--target-pieces']],
  // Names of bttrack
  ['--bind', ['--host']],
  ['--dfile', ['--state']],
  ['--logfile', ['--log-file']],
  ['--reannounce-interval', ['--interval']],
  ['--timeout-downloaders-interval', ['--timeout']],
  ['--timeout-downloaders', ['--timeout']],
  ['--save-dfile-interval', ['--save-interval']],
])

/** btkit's possible names for another program's option. Names have no leading hyphens. */
export function otherNames(key: string): string[] {
  const names = OTHER_NAMES.get(`--${key}`) ?? []
  return names.map((name) => name.slice('--'.length))
}

/**
 * Renames options to the names that btkit declares: BitTornado's `--announce_list` becomes
 * `--announce-list`, and `--output` becomes `--target`. Operands and values are unchanged.
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

/** The name by which an option was typed, if it is another program's name; else its own name. */
export function typedName(long: string, value: string, args: readonly string[]): string {
  const typed = args.find((arg, at) => {
    const [name = '', ...rest] = arg.split('=')
    const given = rest.length > 0 ? rest.join('=') : args[at + 1]
    return OTHER_NAMES.get(name.replaceAll('_', '-'))?.includes(long) && given === value
  })
  return typed?.split('=')[0] ?? long
}

type Options = ReadonlyMap<string | undefined, boolean | undefined>

function declaredName(name: string, options: Options): string {
  const long = name.replaceAll('_', '-')
  const names = [long, ...(OTHER_NAMES.get(long) ?? [])]
  return names.find((each) => options.has(each)) ?? long
}

/** Whether the next argument is the value of a short option, as in `-dc TEXT`. */
function wantsValue(arg: string, options: Options): boolean {
  const letters = arg.slice(1).split('')
  const first = letters.findIndex((letter) => options.get(`-${letter}`))
  return first >= 0 && first === letters.length - 1
}
