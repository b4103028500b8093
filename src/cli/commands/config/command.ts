import { dirname, resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import { BtkitError, callSystem, usageError } from '../../../base/errors.js'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { escapeText } from '../../../base/text/escape.js'
import { count } from '../../../base/text/quantity.js'
import {
  configurationFiles,
  readConfigurations,
  readRightConfigurations,
  SYSTEM_FILE,
  userFile,
  presetsOf,
} from '../../configuration/files.js'
import { itemsOf, type Located, Problems, type Section, shownText } from '../../options/given.js'
import { CommandLayers, NOTHING_TYPED } from '../../configuration/decide.js'
import { type Decided, shownUses } from '../../configuration/parse.js'
import { hidePasswords, hideAllSecrets } from '../../../base/text/secrets.js'
import { suggestion } from '../../line/spelling.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { defaultText, leafCommands, type NamedCommand, optionEntries } from '../../options/table.js'
import type { OptionEntry } from '../../options/option.js'
import { OFF } from '../../options/option.js'
import { Report } from '../../output/report.js'
import { mkdirSync } from 'node:fs'
import type { Io } from '../../io.js'
import { checkFile, configurationSchema, type SectionTable } from './check.js'

const EXAMPLES = `
Examples:
  btkit config show completedir
  btkit config check /etc/btkit/config.yaml`

export const command: CommandRecord = {
  group: 'Maintain',
  order: 20,
  summary: 'Show, check or create the configuration',
  example: 'show',
  toleratesMistakes: true,
  define: defineConfig,
}

function defineConfig(context: CommandContext) {
  return new Command('config')
    .description('Show, check or create the configuration.')
    .addHelpText('after', EXAMPLES)
    .addCommand(defineShow(context))
    .addCommand(defineCheck(context))
    .addCommand(defineInit(context))
    .addCommand(defineSchema(context))
}

function defineShow({ io, commands, configFile, finish }: CommandContext) {
  return new Command('show', { takes: 'command' })
    .description('Show the value of each option, and where it comes from.')
    .argument('[command...]', 'a command, for all its options (default: changed options of all)')
    .opt('--json', 'print one line of JSON for each option', OFF)
    .opt('--presets', 'list the presets instead', OFF)
    .action(async (words, { json, presets }) => {
      const config = configFile()
      const report = new Report({ json }, io)
      if (presets) {
        if (words.length > 0) throw usageError('--presets lists all presets; name no command')
        await showPresets(config, report, io)
        return
      }
      const problems = new Problems()
      const read = await readConfigurations(configurationFiles(config, io), io, problems)
      const all = leafCommands(await commands())
      const wanted = words.length === 0 ? all : named(words.join(' '), all)
      for (const { section, path, command } of wanted) {
        const target = { section, command, isLegacy: false }
        const layers = await CommandLayers.read(target, { config, problems, read }, io)
        const { decided } = layers.decide({ line: NOTHING_TYPED, problems })
        const shown = shownOptions(command, decided)
        const telling = words.length === 0 ? shown.filter(({ from }) => from !== 'default') : shown
        if (json) for (const each of telling) report.line({ command: path, ...each })
        else report.text(tableOf(path, telling))
      }
      problems.errors.forEach(report.fail)
      finish(problems.errors.length > 0 ? 1 : 0)
      if (words.length > 0 || json) return
      const files = configurationFiles(config, io)
      report.note(files.length === 0 ? 'no configuration file' : `read ${files.join(', ')}`)
    })
}

function named(name: string, all: readonly NamedCommand[]): readonly NamedCommand[] {
  const found = all.filter(({ path, section }) => path === name || section === name)
  if (found.length > 0) return found
  const names = all.flatMap(({ path, section }) => [section, path])
  const why = suggestion(name, names) || ' (see btkit --help)'
  throw usageError(`${name}: unknown command${why}`)
}

function defineCheck({ io, commands, configFile, finish }: CommandContext) {
  return new Command('check')
    .description('Check configuration files, and report errors with file, line and column.')
    .argument('[file...]', 'files to check (default: all that btkit reads)')
    .opt('--json', 'print one line of JSON for each file', OFF)
    .action(async (names, { json }) => {
      const files =
        names.length > 0
          ? names.map((name) => resolve(io.cwd, name))
          : configurationFiles(configFile(), io)
      const report = new Report({ json }, io)
      if (files.length === 0) report.note('no configuration file')
      const all = leafCommands(await commands())
      let failures = 0
      for (const file of files) {
        const problems = await checkFile(file, all, io, configFile())
        failures += problems.length
        if (!json) problems.forEach(report.fail)
        const result = problems.length === 0 ? 'nothing wrong' : count(problems.length, 'problem')
        report.line(checkReport(file, problems), `${file}: ${result}`)
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

function defineInit({ io, configFile }: CommandContext) {
  return new Command('init')
    .description('Write a configuration with the usual options in comments.')
    .argument(
      '[file]',
      'the file; - for standard output (default: --config, or /etc/btkit/config.yaml for root, or the file of the user)',
    )
    .action(async (name) => {
      if (name === '-') {
        io.stdout.write(INITIAL)
        return
      }
      const only = configFile() ?? (io.env['BTKIT_CONFIG'] || undefined)
      const path = await initConfiguration(name ?? only, io)
      new Report({}, io).text(`wrote ${path}`)
    })
}

function defineSchema({ io, commands }: CommandContext) {
  return new Command('schema')
    .description('Print the JSON schema of a configuration, for editors.')
    .action(async () => {
      const all = await commands()
      const summaries = new Map(all.map((each) => [each.name(), each.description()]))
      const schema = configurationSchema(sectionTable(all), summaries)
      io.stdout.write(`${JSON.stringify(schema, null, 2)}\n`)
    })
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

/**
 * The options of a command with the values they have if nothing is typed, and where these come
 * from: `FILE:LINE`, a variable, or `default`.
 */
function shownOptions(command: CommandUnknownOpts, decided: readonly Decided[]) {
  const decidedFor = ({ key }: OptionEntry) => decided.find((each) => each.entry.key === key)
  const entries = [...optionEntries(command).values()].filter((entry) => {
    return !entry.isHidden || decidedFor(entry) !== undefined
  })
  return entries.map((entry) => {
    const own = decidedFor(entry)
    if (!own) return { option: entry.key, value: defaultText(entry), from: 'default' }
    return { option: entry.key, value: shownUses(own), from: own.place.lineText }
  })
}

/** The lines of a table of options; none if there are no options. */
function tableOf(path: string, shown: ReturnType<typeof shownOptions>): string[] {
  if (shown.length === 0) return []
  const rows = shown.map(({ option, value, from }) => [option, value ?? '-', from] as const)
  const widest = (column: 0 | 1) => Math.min(32, Math.max(...rows.map((row) => row[column].length)))
  const widths = [widest(0), widest(1)] as const
  const lines = rows.map(([option, value, from]) => {
    const cells = [option.padEnd(widths[0]), escapeText(value).padEnd(widths[1]), from]
    return `  ${cells.join('  ')}`
  })
  return [`${path}:`, ...lines]
}

const INITIAL = `# Configuration of btkit; btkit-config(1) explains it.
# To set an option, remove the # of its line and the # of its section's line.
# btkit config check   reports errors.
# btkit config show    shows the values in use and their origin; with a command, all its options.
# btkit config schema  prints a JSON schema, for editors that know yaml-language-server

# Options for each command that has them.
#defaults:
#  announce: http://tracker.example/announce
#  announce: [[http://a.example/announce, udp://b.example:6969], [http://c.example/announce]]
#  private: true
#  threads: 4
#  cache-dir: /var/cache/btkit
#  client: env:BTKIT_SEEDER        # a secret can be in a variable, or in a file: file:PATH

# Named options of makemetafile and completedir. --preset NAME selects them.
#presets:
#  release: {private: true, source: TAG, piece-length: 4M}
#default-preset: release

# Names for lists of tracker tiers. Use one with: btkit makemetafile FILE -a mine
#aliases:
#  mine: [[http://a.example/announce, udp://b.example:6969], [http://c.example/announce]]

# Rules of trackers, by host. A rule applies whenever the tracker is used.
#trackers:
#  a.example: {private: true, source: A, piece-length: {max: 16M}, version: v1}

# Options of one command.
#completedir:
#  output: /srv/torrents
#  prune: true
#serve:
#  public-url: https://mirror.example
#  warm: ['*.iso']
#track:
#  allowed-dir: /srv/torrents
`

/**
 * Writes a new configuration, and returns its path.
 * @throws BtkitError `exists`, or an error of writing
 */
async function initConfiguration(name: string | undefined, io: Io): Promise<string> {
  const own = io.isRoot ? SYSTEM_FILE : userFile(io.env)
  if (name === undefined && own === null)
    throw usageError('no home directory; name the file to write')
  const path = resolve(io.cwd, name ?? own ?? '')
  callSystem(path, () => mkdirSync(dirname(path), { recursive: true, mode: 0o755 }))
  await writeAtomically(path, Buffer.from(INITIAL), { mode: 0o644, noClobber: true }).catch(
    (error: unknown) => {
      if (!(error instanceof BtkitError && error.code === 'exists')) throw error
      throw new BtkitError(
        'exists',
        `${path}: exists already and was not changed; name another file`,
      )
    },
  )
  return path
}

async function showPresets(config: string | undefined, report: Report, io: Io): Promise<void> {
  const all = await readRightConfigurations(config, io)
  const [standard] = all.flatMap(({ defaultPreset }) => defaultPreset).slice(-1)
  const names = standard ? itemsOf(standard.item).map(shownText) : []
  const presets = [...presetsOf(all).values()]
  for (const preset of presets) {
    const shown = shownPreset(preset, new Set(names))
    report.line(shown, presetLines(shown))
  }
  if (presets.length > 0 || report.isJson) return
  const files = configurationFiles(config, io)
  const where = files.length === 0 ? 'no configuration file' : `read ${files.join(', ')}`
  report.note(`no presets: ${where}; btkit-config(1) explains them`)
}

function shownPreset({ name, place, entries }: Section, standard: ReadonlySet<string>) {
  const options = entries.map(({ key, item }) => [key, shownOption(key, item)] as const)
  return {
    preset: name,
    isDefault: standard.has(name),
    from: place.lineText,
    options: Object.fromEntries(options),
  }
}

/** Web seeds have paths that everybody may see. */
function shownOption(key: string, item: Located): string {
  const text = shownText(item)
  return key.endsWith('-seed') || key.endsWith('-seed-base')
    ? hidePasswords(text)
    : hideAllSecrets(text)
}

/** For people: the name with its place, and a line for each option. */
function presetLines(shown: ReturnType<typeof shownPreset>): string[] {
  const { preset, isDefault, from, options } = shown
  const lines = Object.entries(options).map(([key, value]) => `  ${key}: ${value}`)
  const heading = `${preset}${isDefault ? ' (default)' : ''}  ${from}`
  return [heading, ...lines]
}
