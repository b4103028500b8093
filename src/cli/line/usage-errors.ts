import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from '../io.js'
import { inShell } from '../../text/escape.js'
import { NAMES_ELSEWHERE, otherNames } from '../options/bittornado.js'
import type { Given } from '../options/given.js'
import { asReason } from '../options/given.js'
import { findOption } from './split-line.js'
import { suggestion } from './spelling.js'
import { looksLikeMagnet } from '../../metainfo/magnet.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'

/** A commander error about typed arguments as one line, with the usage if that helps. */
export function restate(
  text: string,
  command: CommandUnknownOpts,
  given: readonly Given[],
): string {
  const line = text
    .replace(/^error: /, '')
    .trimEnd()
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  const usage = command.createHelp().commandUsage(command)
  const [, advice] = ADVICE.find(([mistake]) => mistake.test(`${pathOf(command)}: ${line}`)) ?? []
  const plain = line.replace(/ \(Did you mean .*\)$/, '')
  if (advice !== undefined) return `${plain}; ${advice}`
  if (/^(missing required argument|too many arguments)/.test(line))
    return adviseTaken(given, pathOf(command)) ?? `${line} (usage: ${usage})`
  const [, missing = ''] = /^option '(\S+)[^']*' argument missing$/.exec(line) ?? []
  const own = findOption(missing, command)?.long ?? missing
  if (missing !== '')
    return `${missing === own || !missing.startsWith('--') ? own : `${missing} (${own})`}: its value is missing`
  const [, value, name, reason = ''] = WRONG_OPERAND.exec(line) ?? []
  if (value !== undefined) return `<${name}> '${value}': ${asReason(reason)}`
  const [, unknown] = /^unknown command '([^']*)'/.exec(line) ?? []
  if (unknown !== undefined && existsSync(unknown)) return `${plain}; ${adviseOnPath(unknown)}`
  if (unknown !== undefined && looksLikeMagnet(unknown))
    return `${plain}; to get its files: btkit download ${inShell(unknown)}`
  if (/^unknown command '[^']*'$/.test(line)) return `${line} (see ${pathOf(command)} --help)`
  const [, typed] = /^unknown option '(.*?)'/.exec(line) ?? []
  if (typed === undefined) return line
  const meant = command.options.find(({ long }) => long && long === MEANT[typed])?.long
  const near = meant ?? nearest(typed, command)
  return near === null ? plain : `${plain} (Did you mean ${near}?)`
}

/** A message with the options by the names that were typed, such as `--dfile`. */
export function nameAsTyped(message: string, given: readonly Given[]): string {
  // A short name says less, and a name of the last version is not to be typed again
  const others = given.filter(({ entry, uses, place }) => {
    const isName = entry.on?.required && /^--(?!no-)/.test(place.source)
    return isName && !uses.some(({ isOldName }) => isOldName)
  })
  return others.reduce((text, { entry, place }) => {
    const names = [entry.on?.long, entry.traits.insteadOf].filter((name) => name !== undefined)
    return names.reduce((named, name) => {
      return named.replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), () => place.source)
    }, text)
  }, message)
}

/** The message of commander about an operand that its parser refuses. */
const WRONG_OPERAND = /^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/

/** Options of other programs whose names are too different for commander to find those of btkit. */
const MEANT: Readonly<Record<string, string>> = {
  '--listen': '--host',
  '--port': '--minport',
  '--bind': '--host',
  '-q': '--quiet',
  '--upload-limit': '--max-upload-rate',
  '--limit': '--max-upload-rate',
  '--dir': '--output',
  '-d': '--output',
}

/** Advice about mistakes that other programs' habits cause. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^\S+ serve: too many/, 'give trackers with --tracker'],
  [/^\S+ download: too many/, 'give the directory for its files with --output DIR/'],
  [/^\S+ track: too many/, 'give the directory of torrents with --allowed-dir'],
  [/^\S+: unknown command 'update'/, 'to change a torrent: btkit edit'],
  [
    /^\S+: unknown command '(share|start|upload)'/,
    'to share files: btkit create PATH, then btkit seed --dht PATH.torrent',
  ],
  [/^\S+: unknown command '(stop|pause|remove)'/, 'to end btkit seed, type Ctrl-C where it runs'],
  [
    /^\S+: unknown command '(add|get)'/,
    'to get the files of a torrent: btkit download; to upload them: btkit seed',
  ],
  [/^\S+: unknown command 'set-?web-?seeds?'/, 'to set web seeds: btkit edit --web-seed URL'],
  [/^\S+: unknown command 'new'/, 'to make a torrent: btkit create PATH'],
  [
    /^\S+: unknown command '(list|ls)'/,
    'to see what is seeded: btkit status; a torrent: btkit show',
  ],
  [/^\S+: unknown command '(web|webui|ui)'/, 'to see pages in the browser: btkit gui'],
  [
    /^\S+: unknown command 'open'/,
    'to see a torrent: btkit show; to get its files: btkit download',
  ],
  [/^\S+: unknown option '-v'/, 'the version is --version or -V'],
  [/^\S+: unknown option '-a'/, 'the command comes first: btkit create PATH -a URL'],
  [/^\S+ edit: unknown option '-t'/, 'give a tracker with -a'],
  [
    /^\S+ showmetainfo: unknown option '--files'/,
    'all files are shown without it, and --tree shows them as a tree',
  ],
  [
    /^\S+ config: unknown command '(set|unset|add|edit)'/,
    'edit the file /etc/btkit/config.yaml, or ~/.config/btkit/config.yaml',
  ],
  [/^\S+ admin: unknown command 'add'/, 'to add a user: btkit admin passwd NAME'],
  // Options of opentracker
  [/^\S+ track: unknown option '-i'/, 'the address to listen on is --host'],
  [/^\S+ track: unknown option '(-w|--whitelist)'/, 'the file of info hashes is --allowed-list'],
  [/^\S+ track: unknown option '(-b|--blacklist)'/, 'the file of info hashes is --banned-list'],
  [/^\S+ track: unknown option '-f'/, 'the configuration file, in YAML, is --config'],
]

/** The option that a name begins or is similar to, also by its names elsewhere; null if none. */
function nearest(typed: string, { options }: CommandUnknownOpts): string | null {
  if (!typed.startsWith('--')) return null
  const longs = options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? [])))
  const others = NAMES_ELSEWHERE.filter((name) => {
    return otherNames(name).some((own) => longs.includes(`--${own}`))
  }).map((name) => `--${name}`)
  const single = typed.replace(/s$/, '')
  if (single !== typed && [...longs, ...others].includes(single)) return single
  const [whole = null, ...more] = longs.filter((long) => long.startsWith(typed))
  if (more.length === 0 && whole !== null) return whole
  // `--private` rather than `--no-private`
  const meant = typed.includes('no-') ? longs : longs.filter((long) => !isOpposite(long, longs))
  return /"(.*)"/.exec(suggestion(typed, [...meant, ...others]))?.[1] ?? null
}

const isOpposite = (long: string, longs: readonly string[]) =>
  long.startsWith('--no-') && longs.includes(`--${long.slice('--no-'.length)}`)

/** Returns what to type for a path that was given as a command. */
function adviseOnPath(path: string): string {
  const quoted = inShell(path)
  if (!path.endsWith('.torrent')) return `to make its torrent: btkit create ${quoted}`
  return `it is a torrent: btkit show ${quoted}, or btkit seed ${quoted}`
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
 * Advice about an operand that became the value of an option; null if there
 * is none. `path` is the command's full name.
 */
function adviseTaken(given: readonly Given[], path: string): string | null {
  for (const { entry, uses } of given) {
    const { value: use } = uses.at(-1) ?? {}
    if (use?.kind !== 'text' || use.isPlain) continue
    if (entry.key === 'preset' && existsSync(use.text))
      return `-P '${use.text}': is a path, not the name of a preset; -p is --private`
    if (entry.on?.optional && !looksLikeUrl(use.text))
      return `${entry.on.long} '${use.text}': not a URL; write ${path} ${use.text} ${entry.on.long}`
  }
  return null
}
