import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../errors.js'
import { commandTable, findCommand, type CommandEntry } from './command-table.js'
import type { CommandContext } from './context.js'
import { addEnvironment } from './arguments/environment.js'
import { exitStatusOf, reportError } from './output/messages.js'
import type { Io } from './io.js'
import { normalizeOptionNames } from './arguments/option-names.js'
import { prepareCommand, pathOf } from './prepare-command.js'
import { version } from './version.js'

export interface Invocation {
  /** The name the program was called by. */
  readonly program: string
  /** The subcommand that this name stands for, or null for `btkit` itself. */
  readonly subcommand: string | null
  readonly args: readonly string[]
}

/** Runs one command line and returns its exit status; btkit(1) says what they mean. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  let status = 0
  const finish = (result: number) => {
    status = result
  }
  const { program, subcommand } = invocation
  const context = { io, program, isLegacy: subcommand !== null, finish }
  try {
    await runCommandLine(invocation, context)
    return status
  } catch (error) {
    // commander has printed its message already; after help and version its status is 0
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const isInterrupted = io.signal.aborted && !endsBySignal(invocation)
    const failure = isInterrupted ? new BtkitError('interrupted', 'interrupted') : error
    reportError(failure, io)
    return exitStatusOf(failure)
  }
}

/** Whether a signal is how a command ends as it should, so that what fails then is a failure. */
export function endsBySignal({ subcommand, args }: Invocation): boolean {
  return SERVERS.has(subcommand ?? args[0] ?? '')
}

async function runCommandLine(invocation: Invocation, context: CommandContext): Promise<void> {
  const { io, finish, isLegacy } = context
  const args = isLegacy ? [...invocation.args] : spellCommand(invocation.args)
  const { program, command, entry } = await buildProgram({ ...invocation, args }, context)
  prepareCommand(program, io, args)
  const example = entry?.example ?? null
  const spelled = command ? spellArguments(args, command, io) : args
  const isBare = spelled.length === (isLegacy ? 0 : 1)
  if (isBare && command && example !== null) {
    io.stderr.write(shortUsage(command, example))
    finish(2)
    return
  }
  await program.parseAsync(spelled, { from: 'user' })
}

/**
 * The command line with the command's own name in the place of another name for it. Of an unknown
 * command only the name is left: with `help` or `--help` commander would show the general help.
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

/** Commands that go on until a signal. The environment may have their options, for systemd units. */
const SERVERS: ReadonlySet<string> = new Set(['serve', 'track'])

/** The arguments as commander reads them, with the options of servers that the environment has. */
function spellArguments(args: readonly string[], command: CommandUnknownOpts, { env }: Io) {
  const spelled = normalizeOptionNames(args, command)
  // Not for `help serve`
  return SERVERS.has(args[0] ?? '') ? addEnvironment(spelled, command, env) : spelled
}

interface Program {
  /** What reads the command line. */
  readonly program: CommandUnknownOpts
  /** The command that is wanted, if there is one of that name. */
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
    const command = (await entry.load())(context).name(program).version(version())
    return { program: command, command, entry }
  }
  const root = new Command(program)
    .description('Makes, shows and checks BitTorrent metainfo.')
    .version(version())
    .usage('<command> [options] [arguments]')
    .addHelpText('after', ROOT_HELP)
  const entry = findCommand(args[0] === 'help' ? args[1] : args[0])
  // To load the other commands too would only take time
  for (const each of entry ? [entry] : commandTable) {
    const command = each === entry ? (await each.load())(context) : new Command(each.name)
    root.addCommand(command.summary(each.summary))
  }
  return { program: root, command: entry && root.commands[0], entry }
}

const ROOT_HELP = `
Example:
  btkit makemetafile image.iso http://tracker.example/announce

Each command has a page in the manual: man btkit-<command>.`

/** What someone sees who types a command without any arguments: how it goes, and where more is. */
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
    `${path} --help lists the options, and man ${path.replace(' ', '-')} explains them.`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
