import {
  Command,
  CommanderError,
  InvalidArgumentError,
  type CommandUnknownOpts,
} from '@commander-js/extra-typings'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BtkitError } from '../errors.js'
import { commandTable, findCommand, type CommandEntry } from './command-table.js'
import type { CommandContext } from './context.js'
import { SERVERS } from './configuration/environment.js'
import {
  asTyped,
  configOption,
  configure,
  nameOrigins,
  type ConfiguredLine,
} from './configuration/configure.js'
import { exitStatusOf, reportError, reportNote, reportWarning } from './output/messages.js'
import type { Io } from './io.js'
import { prepareCommand, pathOf } from './prepare-command.js'
import { version } from '../version.js'

export interface Invocation {
  /** The name by which the program was called. */
  readonly program: string
  /** The subcommand for a legacy name; null for `btkit` itself. */
  readonly subcommand: string | null
  readonly args: readonly string[]
}

/** Runs one command line and returns its exit status; btkit(1) lists them. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  let status = 0
  const finish = (result: number) => {
    status = result
  }
  const { program, subcommand } = invocation
  const line: { changes?: ConfiguredLine['changes'] } = {}
  const context: CommandContext = {
    reloadConfiguration: async () => (await line.changes?.()) ?? [],
    ...{ io, program, isLegacy: subcommand !== null, finish },
    runCommand: (args, jobIo) => run({ program, subcommand: null, args }, jobIo),
    commands: () => {
      return Promise.all(
        commandTable.map(async (entry) => {
          const command = await buildCommand(entry, context)
          return command.summary(entry.summary).aliases([...entry.aliases])
        }),
      )
    },
  }
  try {
    if (subcommand === null && invocation.args[0] === '__complete')
      await completeWords(invocation.args.slice(1), context)
    else await runCommandLine(invocation, context, line)
    return status
  } catch (error) {
    // commander has already printed its message; the status after help and version is 0
    const isPrinted = error instanceof CommanderError && !(error instanceof InvalidArgumentError)
    if (isPrinted) return error.exitCode === 0 ? 0 : 2
    const isInterrupted = io.signal.aborted && !endsBySignal(invocation)
    const failure = isInterrupted ? new BtkitError('interrupted', 'interrupted') : error
    reportError(failure, io)
    return exitStatusOf(failure)
  }
}

/** Prints what may stand in the place of the last word, for the scripts of the shells. */
async function completeWords(words: readonly string[], context: CommandContext): Promise<void> {
  const { offersFor } = await import('./commands/completion/offers.js')
  const load = async (name: string) => {
    const entry = findCommand(name)
    return entry ? buildCommand(entry, context) : null
  }
  context.io.stdout.write(await offersFor(words, { table: commandTable, load }, context.io))
}

/** Whether a command normally ends by a signal. Its errors at that time are real failures. */
export function endsBySignal({ subcommand, args }: Invocation): boolean {
  return SERVERS.has(subcommand ?? args[0] ?? '')
}

async function runCommandLine(
  invocation: Invocation,
  context: CommandContext,
  running: { changes?: ConfiguredLine['changes'] },
): Promise<void> {
  const { io, finish, isLegacy } = context
  const args = isLegacy ? [...invocation.args] : spellCommand(invocation.args)
  const built = await buildProgram({ ...invocation, args }, context)
  const { program, command, entry } = built
  const example = entry?.example ?? null
  const line = await spellArguments(args, built, context)
  running.changes = line.changes
  tellRules(line, io)
  const explain = (text: string) => `${nameOrigins(text, line.settings)}${dashedFileHint(args, io)}`
  prepareCommand(program, { io, args, explain })
  const isBare = args.length === (isLegacy ? 0 : 1)
  if (isBare && command && entry && example !== null && !isTold(entry, line.settings)) {
    io.stderr.write(shortUsage(command, example))
    finish(2)
    return
  }
  try {
    await program.parseAsync(line.args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code !== 'usage') throw error
    throw new BtkitError('usage', explain(error.message), { cause: error })
  }
}

/** How to name a file that begins with a hyphen, if an argument could mean one. */
function dashedFileHint(args: readonly string[], io: Io): string {
  const file = args.find((arg) => /^-[^-]/.test(arg) && existsSync(resolve(io.cwd, arg)))
  return file === undefined ? '' : `; for the file ${file} write ./${file}`
}

/** Says in a dry run which rules of trackers count, and which the command line overrides. */
function tellRules({ args, rules, overridden }: ConfiguredLine, io: Io): void {
  if (args.includes('--quiet')) return
  for (const rule of args.includes('--dry-run') ? rules : [])
    reportNote(`by the rule of the tracker ${rule}`, io)
  for (const rule of overridden)
    reportWarning(`the command line overrides the rule of the tracker ${rule}`, io)
}

/** Whether a service needs nothing typed, because a configuration or the environment says it all. */
function isTold(entry: CommandEntry, settings: ConfiguredLine['settings']): boolean {
  return SERVERS.has(entry.name) && settings.some(({ args }) => args.length > 0)
}

/**
 * Replaces an alias by the command's own name. After an unknown command all other arguments are
 * dropped; otherwise commander would answer `--help` with the general help.
 */
function spellCommand(args: readonly string[]): string[] {
  const [first, second] = args
  if (first === 'version') return ['--version']
  const isHelp = first === 'help' && second !== undefined
  const wanted = isHelp ? second : first
  if (wanted === undefined || wanted === 'help' || wanted.startsWith('-')) return [...args]
  const name = findCommand(wanted)?.name
  if (name === undefined) return [wanted]
  return isHelp ? ['help', name] : [name, ...args.slice(1)]
}

/** The arguments as commander reads them, with what configuration and environment say. */
async function spellArguments(
  args: readonly string[],
  { command, entry }: Program,
  { io, isLegacy }: CommandContext,
): Promise<ConfiguredLine> {
  if (!command || !entry) return asTyped(args)
  const leaf = leafOf(args, command, isLegacy)
  // `help serve`, or a group of commands without a subcommand
  if (leaf === null) return asTyped(args)
  const path = args.slice(0, leaf.depth)
  const target = { section: entry.name, command: leaf.command, isLegacy }
  const line = await configure(args.slice(leaf.depth), target, io)
  return { ...line, args: [...path, ...line.args] }
}

/** The command that does the work, and the number of arguments that name it. */
function leafOf(args: readonly string[], command: CommandUnknownOpts, isLegacy: boolean) {
  if (isLegacy) return { command, depth: 0 }
  if (args[0] !== command.name()) return null
  if (command.commands.length === 0) return { command, depth: 1 }
  const leaf = command.commands.find((each) => each.name() === args[1])
  return leaf ? { command: leaf, depth: 2 } : null
}

interface Program {
  /** The parser of the command line. */
  readonly program: CommandUnknownOpts
  /** The requested command, if it exists. */
  readonly command: CommandUnknownOpts | undefined
  readonly entry: CommandEntry | undefined
}

async function buildProgram(
  { program, subcommand, args }: Invocation,
  context: CommandContext,
): Promise<Program> {
  if (subcommand !== null) {
    const entry = findCommand(subcommand)
    if (!entry) throw new Error(`no command ${subcommand}`)
    const command = (await buildCommand(entry, context)).name(program).version(version())
    return { program: command, command, entry }
  }
  const root = new Command(program)
    .description('Creates, serves, checks, tracks and seeds torrents.')
    .version(version(), '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show this help')
    .commandsGroup('Help:')
    .helpCommand('help [command]', 'Show the help of a command')
    .usage('<command> [options] [arguments]')
    .addHelpText('after', ROOT_HELP)
  const entry = findCommand(args[0] === 'help' ? args[1] : args[0])
  // The general help lists no other names, but a misspelt `create` gets it suggested
  const isUnknown = args[0] !== undefined && args[0] !== 'help' && !args[0].startsWith('-')
  // The other commands are not loaded, to save time
  for (const each of entry ? [entry] : commandTable) {
    const command = each === entry ? await buildCommand(each, context) : new Command(each.name)
    if (each !== entry && isUnknown) command.aliases([...each.aliases])
    root.addCommand(command.summary(each.summary).helpGroup(`${each.group}:`))
  }
  return { program: root, command: entry && root.commands[0], entry }
}

async function buildCommand(
  entry: CommandEntry,
  context: CommandContext,
): Promise<CommandUnknownOpts> {
  const command = (await entry.load())(context)
  for (const leaf of command.commands.length > 0 ? command.commands : [command])
    leaf.addOption(configOption())
  return command
}

const ROOT_HELP = `
Example:
  btkit makemetafile image.iso http://tracker.example/announce

Each command has a page in the manual: man btkit-<command>.`

/** The text for a command without arguments: usage, an example, and where to read more. */
function shortUsage(command: CommandUnknownOpts, example: string): string {
  const path = pathOf(command)
  const lines = [
    `Usage: ${command.createHelp().commandUsage(command)}`,
    '',
    command.description(),
    '',
    'Example:',
    `  ${path} ${example}`,
    '',
    `${path} --help lists the options; man ${path.replace(' ', '-')} describes them.`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
