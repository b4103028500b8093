import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'

/** Option names of other commands and programs, with btkit's names for them. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['--target', ['--output']],
  ['--output-dir', ['--output']],
  ['--saveas', ['--output']],
  ['--tracker', ['--announce']],
  ['--announce', ['--tracker']],
  ['--httpseeds', ['--http-seed']],
  ['--http-seeds', ['--http-seed']],
  ['--add-tracker', ['--add']],
  ['--remove-tracker', ['--remove']],
  ['--all', ['--hidden']],
  ['--pad-files', ['--padding']],
  ['--piece-size', ['--piece-length']],
  ['--max-piece-length', ['--max-piece-size']],
  ['--min-piece-length', ['--min-piece-size']],
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

/** The long names of options in other commands and programs. Names have no leading hyphens. */
export const NAMES_ELSEWHERE: readonly string[] = [...OTHER_NAMES.keys()].map((name) => {
  return name.slice('--'.length)
})

/** btkit's possible names for another program's option. Names have no leading hyphens. */
export function otherNames(key: string): string[] {
  const names = OTHER_NAMES.get(`--${key}`) ?? []
  return names.map((name) => name.slice('--'.length))
}

/**
 * Renames options to the names that btkit declares: BitTornado's `--announce_list` becomes
 * `--announce-list`, and `--target` becomes `--output`. Operands and other values are unchanged.
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
  const isSwitch = (name: string) => SWITCHES.has(name) && isDeclaredSwitch(name, command)
  let isValue = false
  let isOver = false
  let mayBeTruth = false
  return args.flatMap((arg, at) => {
    const isTruth = mayBeTruth && /^[01]$/.test(arg)
    mayBeTruth = false
    if (isTruth) return []
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
    if (isSwitch(name.replaceAll('_', '-'))) {
      mayBeTruth = value.length === 0
      return spellSwitch(name, value.length === 0 ? args[at + 1] : value.join('='), {
        isOwn: value.length > 0 || command.registeredArguments.length === 0,
      })
    }
    const long = declaredName(name, takesValue)
    isValue = value.length === 0 && takesValue.get(long) === true
    return takesValue.has(long) ? [long, ...value].join('=') : arg
  })
}

/** Switches that take 0 or 1 in BitTornado. */
const SWITCHES: ReadonlySet<string> = new Set([
  '--check-hashes',
  '--allowed-controls',
  '--compact-reqd',
  '--keep-dead',
  '--show-infopage',
  '--show-names',
  '--allow-get',
  '--hupmonitor',
])

function isDeclaredSwitch(name: string, { options }: CommandUnknownOpts): boolean {
  const names = [name, `--no-${name.slice('--'.length)}`]
  return options.some((option) => names.includes(option.long ?? '') && !option.required)
}

/**
 * Spells BitTornado's `--switch 0` as `--no-switch`. `isOwn` says that the value cannot be an
 * operand.
 * @throws BtkitError `usage` for a value other than 0 and 1
 */
function spellSwitch(
  typed: string,
  value: string | undefined,
  { isOwn }: { readonly isOwn: boolean },
): string {
  const name = typed.replaceAll('_', '-')
  if (value === '0') return `--no-${name.slice('--'.length)}`
  if (
    value !== undefined &&
    value !== '1' &&
    (isOwn ? !value.startsWith('-') : /^\d+$/.test(value))
  )
    throw new BtkitError('usage', `${name} '${value}': not 1 or 0`)
  return name
}

/** The name by which an option was typed: another program's, the short one, or its own. */
export function typedName(option: Option, value: string, args: readonly string[]): string {
  const { long, short, flags } = option
  if (!long) return flags
  const typed = args.find((arg, at) => {
    const [name = '', ...rest] = arg.split('=')
    const given = rest.length > 0 ? rest.join('=') : args[at + 1]
    const isName = name === short || OTHER_NAMES.get(name.replaceAll('_', '-'))?.includes(long)
    return isName && given === value
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
