import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from '../io.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'

/** A commander error as one line, with the usage if that helps. */
export function restate(text: string, command: CommandUnknownOpts): string {
  const line = text
    .replace(/^error: /, '')
    .trimEnd()
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  const usage = command.createHelp().commandUsage(command)
  const [, advice] = ADVICE.find(([mistake]) => mistake.test(`${pathOf(command)}: ${line}`)) ?? []
  if (advice !== undefined) return `${line.replace(/ \(Did you mean .*\)$/, '')}; ${advice}`
  if (/^(missing required argument|too many arguments)/.test(line))
    return adviseTaken(command, pathOf(command)) ?? `${line} (usage: ${usage})`
  const missing = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument missing$/.exec(line)
  if (missing?.[1]) return `${missing[1]}: its value is missing`
  if (/^unknown command '[^']*'$/.test(line)) return `${line} (see ${pathOf(command)} --help)`
  const hasHost = command.options.some(({ long }) => long === '--host')
  const meant = / '--(listen|bind)'( \(.*\))?$/.exec(line)
  if (meant && hasHost) return `unknown option '--${meant[1] ?? ''}' (Did you mean --host?)`
  return suggestPositive(line, command)
}

/** Advice about mistakes that other programs' habits cause. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^\S+ serve: too many/, 'give trackers with --tracker'],
  [/^\S+ track: too many/, 'give the directory of torrents with --allowed-dir'],
  [/^\S+: unknown command 'update'/, 'to change a torrent: btkit edit'],
  [/^\S+ admin: unknown command 'add'/, 'to add a user: btkit admin passwd NAME'],
]

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

/** How to name a file that begins with a hyphen, if an argument could mean one. */
export function dashedFileHint(args: readonly string[], io: Io): string {
  const file = args.find((arg) => /^-[^-]/.test(arg) && existsSync(resolve(io.cwd, arg)))
  return file === undefined ? '' : `; for the file ${file} write ./${file}`
}

/**
 * Advice about an operand that became the value of an option whose value is optional; null if there
 * is none. `path` is the command's full name.
 */
function adviseTaken(command: CommandUnknownOpts, path: string): string | null {
  for (const option of command.options.filter(({ optional }) => optional)) {
    const [name, value] = [option.long ?? '', command.getOptionValue(option.attributeName())]
    if (typeof value === 'string' && !looksLikeUrl(value))
      return `${name} '${value}': not a URL; write ${path} ${value} ${name}`
  }
  return null
}
