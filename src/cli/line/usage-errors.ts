import { isTorrentName } from '../../metainfo/name.js'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from '../io.js'
import { inShell } from '../../base/text/escape.js'
import { adviseDownload } from '../../base/text/no-download.js'
import { adviceInsteadOf, NAMES_ELSEWHERE, otherNames } from '../options/old-names.js'
import type { Given } from '../options/given.js'
import type { TypedLine } from './split-line.js'
import { type BtkitError, usageError } from '../../base/errors.js'
import { count } from '../../base/text/quantity.js'
import { mostSimilar } from './spelling.js'
import { looksLikeMagnet } from '../../metainfo/magnet.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'

/** The error for a word that is no option of a command. */
export function unknownOption(word: string, command: CommandUnknownOpts): BtkitError {
  const what = `unknown option '${word}'`
  const ended = adviceInsteadOf(word.replace(/^--|=.*/g, ''))
  const advice = ended ?? adviceFor(OPTION_ADVICE, word, command)
  if (advice !== undefined) return usageError(`${what}; ${advice}`)
  const meant = command.options.find(({ long }) => long && long === MEANT[word])?.long
  const near = meant ?? nearest(word, command)
  const isEarly = command.parent === null && command.commands.length > 0
  const other = isEarly ? '; an option of a command comes behind it: btkit COMMAND' : ''
  return usageError(near === null ? what + other : `${what} (Did you mean ${near}?)`)
}

/** The error for a word that is no command of a program, or of a group of commands. */
export function unknownCommand(word: string, group: CommandUnknownOpts): BtkitError {
  const what = `unknown command '${word}'`
  const advice = adviceFor(COMMAND_ADVICE, word, group)
  if (advice !== undefined) return usageError(`${what}; ${advice}`)
  if (existsSync(word)) return usageError(`${what}; ${adviseOnPath(word)}`)
  if (looksLikeMagnet(word)) return usageError(`${what}; ${adviseDownload(word)}`)
  const names = group.commands.flatMap((each) => [each.name(), ...each.aliases()])
  const near = mostSimilar(word, [...names, 'help'])
  const way = near === null ? `see ${pathOf(group)} --help` : `Did you mean ${near}?`
  return usageError(`${what} (${way})`)
}

/**
 * Reports operands that are missing or too many, before any mistake in a configuration.
 * @throws BtkitError `usage`
 */
export function requireOperands(
  command: CommandUnknownOpts,
  { operands, given }: Pick<TypedLine, 'operands' | 'given'>,
): void {
  const { registeredArguments: all } = command
  const missing = all[operands.length]
  const isTooMany = operands.length > all.length && all.at(-1)?.variadic !== true
  if (missing?.required !== true && !isTooMany) return
  const taken = adviseTaken(given, pathOf(command))
  const expected = `Expected ${count(all.length, 'argument')} but got ${operands.length}`
  const of = command.parent ? ` for '${command.name()}'` : ''
  const what = isTooMany
    ? `too many arguments${of}. ${expected}`
    : `missing required argument '${missing?.name() ?? ''}'`
  const advice = isTooMany ? SURPLUS_ADVICE[command.name()] : undefined
  if (advice !== undefined) throw usageError(`${what}; ${advice}`)
  throw usageError(taken ?? `${what} (usage: ${command.createHelp().commandUsage(command)})`)
}

/** A message with the options by the names that were typed, such as `--dfile`. */
export function nameAsTyped(message: string, given: readonly Given[]): string {
  // A short name says less
  const others = given.filter(({ entry, place }) => {
    return entry.on?.required && /^--(?!no-)/.test(place.source)
  })
  return others.reduce((text, { entry, place }) => {
    const names = [entry.on?.long, entry.traits.insteadOf].filter((name) => name !== undefined)
    return names.reduce((named, name) => {
      return named.replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), () => place.source)
    }, text)
  }, message)
}

/** Options of other programs whose names are too different for a suggestion. */
const MEANT: Readonly<Record<string, string>> = {
  '--listen': '--host',
  '--port': '--minport',
  '--bind': '--host',
  '--upload-limit': '--max-upload-rate',
  '--limit': '--max-upload-rate',
  '--dir': '--output',
  '-d': '--output',
}

/**
 * Advice about words of other programs, each with the command behind which it is typed; null for
 * none.
 */
type Advice = readonly (readonly [command: string | null, words: string, advice: string])[]

function adviceFor(table: Advice, word: string, command: CommandUnknownOpts): string | undefined {
  const name = command.parent ? command.name() : null
  const found = table.find(([of, words]) => of === name && words.split(' ').includes(word))
  return found?.[2]
}

const COMMAND_ADVICE: Advice = [
  [null, 'update', 'to change a torrent: btkit edit'],
  [
    null,
    'share start upload',
    'to share files: btkit create PATH, then btkit seed --dht PATH.torrent',
  ],
  [null, 'stop pause remove', 'to end btkit seed, type Ctrl-C where it runs'],
  [
    null,
    'add get download',
    `${adviseDownload('FILE.torrent')}; to upload the files of a torrent: btkit seed`,
  ],
  [null, 'launchmany', 'to seed all torrents below a directory: btkit seed DIR'],
  [
    null,
    'setwebseed setwebseeds set-webseed set-webseeds setweb-seed setweb-seeds set-web-seed set-web-seeds',
    'to set web seeds: btkit edit --web-seed URL',
  ],
  [null, 'new', 'to make a torrent: btkit create PATH'],
  [null, 'presets preset', 'to list presets: btkit config show --presets'],
  [null, 'list ls', 'to see what is seeded: btkit status; a torrent: btkit show'],
  [null, 'web webui ui', 'to see pages in the browser: btkit gui'],
  [null, 'open', 'to see a torrent: btkit show'],
  [
    'config',
    'set unset add edit',
    'edit the file /etc/btkit/config.yaml, or ~/.config/btkit/config.yaml',
  ],
  ['admin', 'add', 'to add a user: btkit admin passwd NAME'],
]

const V1 = 'leave it out: only --v2 and --hybrid make another version'

const OPTION_ADVICE: Advice = [
  [null, '-v', 'the version is --version or -V'],
  [
    null,
    '-a --announce --config --json -o --output',
    'the command comes first: btkit create PATH -a URL',
  ],
  ['edit', '-t', 'give a tracker with -a'],
  ['makemetafile', '--v1', V1],
  ['completedir', '--v1', V1],
  [
    'completedir',
    '-n --name',
    'each torrent has the name of its entry; to give another one: btkit makemetafile PATH --name',
  ],
  ['edit', '--http-seed --httpseeds', 'to set HTTP seeds: btkit sethttpseeds'],
  ['showmetainfo', '--files', 'all files are shown without it, and --tree shows them as a tree'],
  // Options of opentracker
  ['track', '-i', 'the address to listen on is --host'],
  ['track', '-w --whitelist', 'the file of info hashes is --allowed-list'],
  ['track', '-b --blacklist', 'the file of info hashes is --banned-list'],
  ['track', '-f', 'the configuration file, in YAML, is --config'],
]

const SURPLUS_ADVICE: Readonly<Record<string, string>> = {
  serve: 'give trackers with --tracker',
  track: 'give the directory of torrents with --allowed-dir',
}

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
  const isOpposite = (long: string) =>
    long.startsWith('--no-') && longs.includes(`--${long.slice('--no-'.length)}`)
  const meant = longs.filter((long) => typed.includes('no-') || !isOpposite(long))
  return mostSimilar(typed, [...meant, ...others])
}

/** Returns what to type for a path that was given as a command. */
function adviseOnPath(path: string): string {
  const quoted = inShell(path)
  if (!isTorrentName(path)) return `to make its torrent: btkit create ${quoted}`
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
    if (entry.on?.optional && !looksLikeUrl(use.text))
      return `${entry.on.long} '${use.text}': not a URL; write ${path} ${use.text} ${entry.on.long}`
  }
  return null
}
