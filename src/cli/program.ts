import {
  Command,
  CommanderError,
  type CommandUnknownOpts,
  type Option,
} from '@commander-js/extra-typings'
import { BtkitError } from '../errors.js'
import { commandTable } from './command-table.js'
import type { CommandContext } from './context.js'
import { addEnvironment } from './arguments/environment.js'
import { exitStatusOf, reportError } from './output/messages.js'
import type { Io } from './io.js'
import { normalizeOptionNames } from './arguments/option-names.js'
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
  const context = { io, program: invocation.program, finish }
  try {
    const { program, command } = await buildProgram(invocation, context)
    const args = command ? spellArguments(invocation.args, command, io) : [...invocation.args]
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (error) {
    // commander has said what was wrong; help and version are no errors
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const failure = io.signal.aborted ? new BtkitError('interrupted', 'interrupted') : error
    reportError(failure, io)
    return exitStatusOf(failure)
  }
}

/** The arguments as commander wants them; those of the service may stand in the environment. */
function spellArguments(args: readonly string[], command: CommandUnknownOpts, { env }: Io) {
  const spelled = normalizeOptionNames(args, command)
  // Not for `help serve`
  return args[0] === 'serve' ? addEnvironment(spelled, command, env) : spelled
}

interface Program {
  /** What reads the command line. */
  readonly program: CommandUnknownOpts
  /** The command that is wanted, if there is one of that name. */
  readonly command: CommandUnknownOpts | undefined
}

async function buildProgram(
  { program, subcommand, args }: Invocation,
  context: CommandContext,
): Promise<Program> {
  if (subcommand !== null) {
    const command = await loadCommand(subcommand, context)
    command.name(program).version(version())
    return { program: prepare(command, context.io), command }
  }
  const root = new Command(program)
    .description('Makes, shows and checks BitTorrent metainfo.')
    .version(version())
    .usage('<command> [options] [arguments]')
    .addHelpText('after', '\nEach command has a page in the manual: man btkit-<command>.')
  const wanted = args[0] === 'help' ? args[1] : args[0]
  // The others would only slow down the one that is wanted
  const known = commandTable.filter(({ name }) => name === wanted)
  for (const { name, summary } of known.length > 0 ? known : commandTable) {
    const command = name === wanted ? await loadCommand(name, context) : new Command(name)
    root.addCommand(prepare(command.summary(summary), context.io))
  }
  const command = root.commands.find((entry) => entry.name() === wanted)
  return { program: prepare(root, context.io), command }
}

async function loadCommand(name: string, context: CommandContext): Promise<CommandUnknownOpts> {
  const entry = commandTable.find((command) => command.name === name)
  if (!entry) throw new Error(`no command ${name}`)
  return (await entry.load())(context)
}

/** Makes commander speak through our streams, in one line, and leave the process alone. */
function prepare(command: CommandUnknownOpts, io: Io): CommandUnknownOpts {
  command.configureHelp({ optionDescription: describeOption })
  for (const subcommand of command.commands) prepare(subcommand, io)
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text) => {
      reportError(
        text
          .replace(/^error: /, '')
          .trimEnd()
          .replaceAll('\n', ' '),
        io,
      )
    },
    getOutHelpWidth: () => io.stdout.columns ?? 80,
    getErrHelpWidth: () => io.stderr.columns ?? 80,
  })
}

/** An option in the help, with its choices and its default where they tell a person something. */
function describeOption(option: Option): string {
  const { description, defaultValueDescription, argChoices } = option
  const defaultValue: unknown = option.defaultValue
  const isTelling = typeof defaultValue === 'number' || defaultValueDescription !== undefined
  const details = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(isTelling ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
  ]
  return details.length > 0 ? `${description} (${details.join('; ')})` : description
}
