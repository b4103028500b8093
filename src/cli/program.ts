import { withoutInvisible } from './line/operands.js'
import { type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { BtkitError, usageError } from '../base/errors.js'
import { callAction, Command } from './acting-command.js'
import { expandOperands } from './line/patterns.js'
import type { CommandContext, Invocation, JobOptions, JobRunner } from './context.js'
import { prepareHelp, shortHelp, shortUsage } from './help.js'
import { splitLine, type TypedLine } from './line/split-line.js'
import {
  dashedFileHint,
  nameAsTyped,
  requireOperands,
  unknownCommand,
  unknownOption,
} from './line/usage-errors.js'
import { exitStatusOf, reportError, reportNote, reportWarning } from './output/messages.js'
import { type Io, UNCAUGHT } from './io.js'
import { version } from '../base/process.js'
import { type CommandEntry, commandTable, findCommand } from './command-list.js'
import { CommandLayers, NOTHING_TYPED } from './configuration/decide.js'
import {
  configure,
  type DecidedJob,
  nameOrigins,
  type OptionsInUse,
} from './configuration/configure.js'
import {
  type Configuration,
  configurationFiles,
  readConfigurations,
} from './configuration/files.js'

/** Runs one command line and returns its exit status; btkit(1) lists them. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { subcommand, args } = invocation
  const running: Running = { status: 0 }
  const context = contextOf(invocation, io, running)
  const work = async () => {
    if (subcommand === null && args[0] === '__complete') await completeWords(args.slice(1), context)
    else await runCommandLine(invocation, context, running)
  }
  return statusOf(work, running, io, endsBySignal(invocation))
}

function contextOf(
  { program, subcommand }: Pick<Invocation, 'program' | 'subcommand'>,
  io: Io,
  running: Running,
): CommandContext {
  const context: CommandContext = {
    reloadConfiguration: async () => (await running.options?.changes()) ?? [],
    configFile: () => running.line?.config,
    checkTogether: () => running.options?.checkTogether(),
    typed: () => running.options?.typed ?? [],
    io,
    program,
    isLegacy: subcommand !== null,
    finish: (status) => {
      running.status = status
    },
    openJobs: (options, jobIo) => openJobs(program, options, jobIo),
    commands: () => {
      return Promise.all(commandTable.map((entry) => buildCommand(entry, context)))
    },
  }
  return context
}

/** Builds the commands of jobs. */
async function openJobs(
  program: string,
  { config, words }: JobOptions,
  io: Io,
): Promise<JobRunner> {
  const running: Running = { status: 0 }
  const context = contextOf({ program, subcommand: null }, io, running)
  const entries = commandTable.filter(({ isJob }) => isJob)
  const build = async (entry: CommandEntry) => {
    const command = await buildCommand(entry, context)
    return [command, { entry, line: { ...splitLine(command, words), config } }] as const
  }
  const known = new Map(await Promise.all(entries.map(build)))
  const others = new Map<CommandUnknownOpts, CommandLayers>()
  let read: readonly Configuration[] | undefined
  return {
    commands: [...known.keys()],
    decide: async ({ command, layers }, problems) => {
      read ??= await readConfigurations(configurationFiles(config, io), io, problems)
      const target = { section: command.name(), command, isLegacy: false }
      const files = { config, read, problems }
      const found = others.get(command) ?? (await CommandLayers.read(target, files, io))
      others.set(command, found)
      return found.decide({ line: NOTHING_TYPED, job: layers, problems }).decided
    },
    run: ({ command, operands, layers }) => {
      const found = known.get(command)
      const all = others.get(command)
      if (!found || !all) throw new Error(`nothing is decided about ${command.name()}`)
      const visible = operands.map((each) => withoutInvisible(each, io))
      const line = { ...found.line, operands: visible }
      Object.assign(running, { status: 0, options: undefined, line, job: { layers, others: all } })
      const work = () => runLeaf(found.entry, command, line, context, running)
      return statusOf(() => withOrigins(work, running), running, io, false)
    },
  }
}

/**
 * Does the work of a command, and reports why it fails. Returns the exit status. `isEnded` says
 * whether a signal is the usual end.
 */
async function statusOf(
  work: () => Promise<void>,
  running: Running,
  io: Io,
  isEnded: boolean,
): Promise<number> {
  try {
    await work()
    return running.status
  } catch (error) {
    const isInterrupted = io.signal.aborted && !isEnded
    if (isInterrupted && io.signal.reason === UNCAUGHT) return 1
    const failure = isInterrupted
      ? new BtkitError('interrupted', 'interrupted')
      : error instanceof InvalidArgumentError
        ? usageError(error.message, { cause: error })
        : error
    reportError(withTypedNames(failure, running.line), io)
    return exitStatusOf(failure)
  }
}

/** An error that names options as they were typed. */
function withTypedNames(error: unknown, line: TypedLine | undefined): unknown {
  if (!(error instanceof BtkitError)) return error
  const message = nameAsTyped(error.message, line?.given ?? [])
  return message === error.message ? error : new BtkitError(error.code, message, { cause: error })
}

/** Prints what may stand in the place of the last word, for the scripts of the shells. */
async function completeWords(words: readonly string[], context: CommandContext): Promise<void> {
  const { offersFor } = await import('./commands/completion/offers.js')
  const load = async (name: string) => {
    const entry = findCommand(name)
    return entry ? buildCommand(entry, context) : null
  }
  context.io.stdout.write(await offersFor(words, load, context.io))
}

/** Whether a command normally ends by a signal. Its errors at that time are real failures. */
export function endsBySignal({ subcommand, args }: Invocation): boolean {
  return findCommand(subcommand ?? args[0])?.isService === true
}

async function runCommandLine(
  invocation: Invocation,
  context: CommandContext,
  running: Running,
): Promise<void> {
  const { io, finish, isLegacy } = context
  const visible = invocation.args.map((arg) => withoutInvisible(arg, io))
  const args = isLegacy ? visible : spellCommand(visible)
  const version = args.indexOf('--version', 1)
  if (version > 0 && /^(v?[12]|hybrid)$/.test(args[version + 1] ?? ''))
    throw usageError('--version: prints that of btkit; use --v2 or --hybrid')
  const { program, command, entry } = await buildProgram({ ...invocation, args }, context)
  const typed = visible[visible[0] === 'help' ? 1 : 0] ?? ''
  if (command && entry?.spellings?.includes(typed)) {
    const what = typed.length < entry.name.length ? 'short for' : 'another name of'
    command.description(`${command.description()} ${typed} is ${what} ${entry.name}.`)
  }
  const isBare = args.length === (isLegacy ? 0 : 1)
  const showUsage = () => {
    if (!isBare || !command || typeof entry?.example !== 'string') return false
    io.stderr.write(shortUsage(command, io, entry.example))
    finish(2)
    return true
  }
  // A service needs nothing typed if a configuration or the environment says it all
  const mayBeTold = entry?.isService === true && command?.registeredArguments.length === 0
  if (!mayBeTold && showUsage()) return
  const isHelp = !isLegacy && args[0] === 'help'
  const path = isLegacy ? [] : args.slice(0, command?.commands.length ? 2 : 1)
  const leaf =
    command && leavesOf(command).find((each) => each === command || each.name() === path[1])
  const work = async () => {
    if (isHelp) {
      printHelp(command ?? program, io, args[2])
      return
    }
    if (!entry || !leaf) {
      finish(answerGroup(command ?? program, command ? args.slice(1) : args, io))
      return
    }
    const line = splitLine(leaf, args.slice(path.length), isLegacy ? entry.name : null)
    if (line.unknown.length > 0) {
      const isShort = line.unknown.includes('-h') && !line.unknown.includes('--help')
      if (isShort) io.stdout.write(shortHelp(leaf, io, entry))
      else answerOptions(leaf, line.unknown, io)
      return
    }
    running.line = line
    running.showUsage = mayBeTold ? showUsage : () => false
    await runLeaf(entry, leaf, line, context, running)
  }
  await withOrigins(work, running, () => dashedFileHint(args, io))
}

/** Does work. An error of wrong usage names the origins of options, and has a hint. */
async function withOrigins(
  work: () => Promise<void>,
  running: Running,
  hint = () => '',
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code !== 'usage') throw error
    const message = `${nameOrigins(error.message, running.options?.decided ?? [])}${hint()}`
    throw usageError(message, { cause: error })
  }
}

/** Prints the help of a command, or of one of its group. */
function printHelp(command: CommandUnknownOpts, io: Io, name?: string): void {
  prepareHelp(command, io)
  const found = command.commands.find((each) => each.name() === name)
  const isWrong = command.commands.length > 0 && name !== undefined && !/^-|^help$/.test(name)
  if (!found && isWrong) throw unknownCommand(name, command)
  const target = found ?? command
  target.outputHelp()
}

/**
 * Answers words behind a program or a group that name no command in it. Returns the exit status.
 */
function answerGroup(group: CommandUnknownOpts, words: readonly string[], io: Io): number {
  const [first, second] = words
  const end = words.indexOf('--')
  const options = words.slice(0, end < 0 ? undefined : end).filter((word) => /^-./.test(word))
  if (first === 'help') printHelp(group, io, second)
  else if (first?.startsWith('-')) answerOptions(group, options.length > 0 ? options : words, io)
  else if (options.some(asksForHelp)) printHelp(group, io)
  else if (first !== undefined) throw unknownCommand(first, group)
  else {
    prepareHelp(group, io)
    group.outputHelp({ error: true })
  }
  return first === undefined ? 2 : 0
}

const asksForHelp = (word: string) => word === '-h' || word === '--help'

/**
 * Prints the version or the help that one of some options asks for.
 * @throws BtkitError `usage` that names the first if none does
 */
function answerOptions(command: CommandUnknownOpts, words: readonly string[], io: Io): void {
  if (words.some((word) => word === '-V' || word === '--version')) io.stdout.write(`${version()}\n`)
  else if (words.some(asksForHelp)) printHelp(command, io)
  else throw unknownOption(words[0] ?? '', command)
}

/** The command line that runs. */
interface Running {
  /** The exit status that the command has set. */
  status: number
  line?: TypedLine
  options?: OptionsInUse | undefined
  job?: DecidedJob
  /** Prints the usage if nothing was typed; returns whether it did. */
  showUsage?: () => boolean
}

/** Gives a command its options, and runs it. */
async function runLeaf(
  entry: CommandEntry,
  leaf: CommandUnknownOpts,
  line: TypedLine,
  { io, isLegacy }: CommandContext,
  running: Running,
): Promise<void> {
  requireOperands(leaf, line)
  const target = { section: entry.name, command: leaf, isLegacy }
  const options = await configure(target, line, io, running.job)
  running.options = options
  const isTold = options.decided.some(({ values }) => values.length > 0)
  if (!isTold && running.showUsage?.()) return
  if (!entry.reportsContradictions) options.checkTogether()
  const operands = await expandOperands(leaf, options, io)
  tellOptions(line, options, io)
  await callAction(leaf, operands, options.values)
}

/** The commands that do work: the members of a group, or the command itself. */
function leavesOf(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return command.commands.length > 0 ? command.commands : [command]
}

/**
 * Says which options are skipped, in a dry run which rules of trackers count, and which of these
 * the command line overrides.
 */
function tellOptions(
  { skipped }: TypedLine,
  { decided, notes, rules, overridden, values }: OptionsInUse,
  io: Io,
) {
  if (values['quiet'] === true) return
  for (const note of notes) reportNote(note, io)
  for (const { entry, uses } of decided) {
    const { place, oldName } = uses.find((use) => use.oldName !== undefined) ?? {}
    if (place) reportNote(`${place.text}: ${oldName} is ${entry.key} now; change it`, io)
  }
  if (skipped.length > 0)
    reportNote(`ignored: ${skipped.join(', ')} (btkit has no such option)`, io)
  for (const rule of values['dryRun'] === true ? rules : [])
    reportNote(`by the rule of the tracker ${rule}`, io)
  for (const rule of overridden)
    reportWarning(`the command line overrides the rule of the tracker ${rule}`, io)
}

/**
 * Replaces an alias by the command's own name. After an unknown command all other arguments are
 * dropped; otherwise `--help` behind it would show the general help.
 */
function spellCommand(args: readonly string[]): string[] {
  const [first, second] = args
  if (first === '--') return spellCommand(args.slice(1))
  if (first === 'version') return ['--version']
  if (first === 'help' && second === 'version') return ['--help']
  const isHelp = first === 'help' && second !== undefined
  const wanted = isHelp ? second : first
  if (wanted === undefined || wanted === 'help' || wanted.startsWith('-')) return [...args]
  const name = findCommand(wanted)?.name
  if (name === undefined) return [wanted]
  return isHelp ? ['help', name, ...args.slice(2)] : [name, ...args.slice(1)]
}

/** Builds the parser of the command line, with the requested command if it exists. */
async function buildProgram({ program, subcommand, args }: Invocation, context: CommandContext) {
  if (subcommand !== null) {
    const entry = findCommand(subcommand)
    if (!entry) throw new Error(`no command ${subcommand}`)
    const command = (await buildCommand(entry, context)).name(program).version(version())
    return { program: command, command, entry }
  }
  const root = new Command(program)
  const entry = findCommand(args[0] === 'help' ? args[1] : args[0])
  // The general help lists no other names, but a misspelt `create` gets it suggested
  const isUnknown = args[0] !== undefined && args[0] !== 'help' && !args[0].startsWith('-')
  // The other commands are not loaded, to save time
  for (const each of entry ? [entry] : commandTable) {
    const command = each === entry ? await buildCommand(each, context) : new Command(each.name)
    if (each !== entry && isUnknown) command.aliases([...(each.spellings ?? [])])
    root.addCommand(command)
  }
  return { program: root, command: entry && root.commands[0], entry }
}

async function buildCommand(
  entry: CommandEntry,
  context: CommandContext,
): Promise<CommandUnknownOpts> {
  const command = (await entry.load())(context)
  const what = 'read only this configuration file; see btkit-config(1)'
  for (const leaf of leavesOf(command))
    leaf.addOption(new Option('--config <file>', what).helpGroup('Options:'))
  return command
}
