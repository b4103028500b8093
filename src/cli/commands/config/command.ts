import { resolve } from 'node:path'
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { count } from '../../../text/quantity.js'
import { checkFile, type SectionTable } from '../../configuration/check.js'
import { configurationFiles, readConfigurations } from '../../configuration/files.js'
import { Problems } from '../../configuration/located.js'
import { resolveSettings } from '../../configuration/resolve.js'
import { configurationSchema } from '../../configuration/schema.js'
import { suggestion } from '../../configuration/nearest.js'
import type { CommandContext } from '../../context.js'
import { leafCommands, optionEntries, type NamedCommand } from '../../options/table.js'
import { reportError, reportNote } from '../../output/messages.js'
import { initConfiguration } from './init.js'
import { shownOptions, showText } from './show.js'

/** The option `--config`, which each command has. */
interface ConfigOption {
  readonly config?: string | undefined
}

const EXAMPLES = `
Examples:
  btkit config show completedir
  btkit config check /etc/btkit/config.yaml`

export function defineConfig(context: CommandContext) {
  return new Command('config')
    .description('Show, check or create the configuration.')
    .addHelpText('after', EXAMPLES)
    .addCommand(defineShow(context))
    .addCommand(defineCheck(context))
    .addCommand(defineInit(context))
    .addCommand(defineSchema(context))
}

function defineShow({ io, commands, finish }: CommandContext) {
  return new Command('show')
    .description('Show the value of each option, and where it comes from.')
    .argument('[command...]', 'a command, for all its options (default: changed options of all)')
    .option('--json', 'print one line of JSON for each option', false)
    .action(async (words, { json, ...options }) => {
      const { config } = options as ConfigOption
      const problems = new Problems()
      const read = await readConfigurations(configurationFiles(config, io), io, problems)
      const asked = { config, line: null, problems, read }
      const all = leafCommands(await commands())
      const wanted = words.length === 0 ? all : named(words.join(' '), all)
      for (const { section, path, command } of wanted) {
        const target = { section, command, isLegacy: false }
        const { settings } = await resolveSettings(target, asked, io)
        const shown = shownOptions(command, settings)
        const telling = words.length === 0 ? shown.filter(({ from }) => from !== 'default') : shown
        if (json) for (const each of telling) io.stdout.write(jsonLine({ command: path, ...each }))
        else io.stdout.write(showText(path, telling))
      }
      for (const problem of problems.errors) reportError(problem, io)
      finish(problems.errors.length > 0 ? 1 : 0)
      if (words.length > 0 || json) return
      const files = configurationFiles(config, io)
      reportNote(files.length === 0 ? 'no configuration file' : `read ${files.join(', ')}`, io)
    })
}

function named(name: string, all: readonly NamedCommand[]): readonly NamedCommand[] {
  const found = all.filter(({ path, section }) => path === name || section === name)
  if (found.length > 0) return found
  const names = all.flatMap(({ path, section }) => [section, path])
  const why = suggestion(name, names) || ' (see btkit --help)'
  throw new BtkitError('usage', `${name}: unknown command${why}`)
}

function defineCheck({ io, commands, finish }: CommandContext) {
  return new Command('check')
    .description('Check configuration files, and report errors with file, line and column.')
    .argument('[file...]', 'files to check (default: all that btkit reads)')
    .option('--json', 'print one line of JSON for each file', false)
    .action(async (names, { json, ...options }) => {
      const { config } = options as ConfigOption
      const files =
        names.length > 0
          ? names.map((name) => resolve(io.cwd, name))
          : configurationFiles(config, io)
      if (files.length === 0) reportNote('no configuration file', io)
      const table = sectionTable(await commands())
      let failures = 0
      for (const file of files) {
        const problems = await checkFile(file, table, io)
        failures += problems.length
        if (json) {
          io.stdout.write(jsonLine(checkReport(file, problems)))
          continue
        }
        for (const problem of problems) reportError(problem, io)
        const result = problems.length === 0 ? 'nothing wrong' : count(problems.length, 'problem')
        io.stdout.write(`${escapeText(file)}: ${result}\n`)
      }
      finish(failures > 0 ? 1 : 0)
    })
}

/** The report of one file for programs. */
function checkReport(file: string, problems: readonly BtkitError[]) {
  return {
    file,
    ok: problems.length === 0,
    problems: problems.map(({ message: problem }) => {
      const place = problem.startsWith(`${file}:`) ? problem.slice(file.length) : ''
      const [all = '', line, column] = /^:(\d+):(\d+): /.exec(place) ?? []
      if (!line) return { line: null, column: null, message: problem }
      return { line: Number(line), column: Number(column), message: place.slice(all.length) }
    }),
  }
}

function defineInit({ io, commands }: CommandContext) {
  return new Command('init')
    .description('Write a configuration with all options in comments.')
    .argument(
      '[file]',
      'the file (default: /etc/btkit/config.yaml for root, else that of the user)',
    )
    .action(async (name) => {
      const path = initConfiguration(name, leafCommands(await commands()), io)
      io.stdout.write(`wrote ${escapeText(path)}\n`)
    })
}

function defineSchema({ io, commands }: CommandContext) {
  return new Command('schema')
    .description('Print the JSON schema of a configuration, for editors.')
    .action(async () => {
      io.stdout.write(schemaText(await commands()))
    })
}

/** The JSON schema of a configuration, as it is shipped. */
export function schemaText(commands: readonly CommandUnknownOpts[]): string {
  const summaries = new Map(commands.map((each) => [each.name(), each.description()]))
  const schema = configurationSchema(sectionTable(commands), summaries)
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** The options of all commands, by section of a configuration. */
export function sectionTable(commands: readonly CommandUnknownOpts[]): SectionTable {
  const leaves = leafCommands(commands)
  return new Map(
    commands.map((each) => {
      const own = leaves.filter(({ section }) => section === each.name())
      return [each.name(), own.map(({ command }) => optionEntries(command))]
    }),
  )
}
