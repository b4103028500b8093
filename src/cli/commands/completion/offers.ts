import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { commandTraits } from '../../acting-command.js'
import { commandTable } from '../../command-list.js'
import { configurationFiles, readConfigurations } from '../../configuration/files.js'
import { Problems } from '../../options/given.js'
import type { Io } from '../../io.js'
import { optionEntries } from '../../options/table.js'
import type { OptionEntry } from '../../options/option.js'

/**
 * The values of an argument: names of files, names in the configuration, some words, or any text,
 * which a shell cannot complete.
 */
type Values =
  | 'file'
  | 'directory'
  | 'torrent'
  | 'preset'
  | 'alias'
  | 'text'
  // One of these
  | readonly string[]

interface Offer {
  readonly word: string
  readonly about: string
}

/**
 * Answers `btkit __complete WORD...`: what may stand in the place of the last word. The answer is
 * `:file`, `:directory` or `:torrent` for names that the shell finds by itself, or else a line for
 * each word, with a description after a tab. `load` builds the command of a name or another
 * spelling; null if there is none.
 */
export async function offersFor(
  args: readonly string[],
  load: (name: string) => Promise<CommandUnknownOpts | null>,
  io: Io,
): Promise<string> {
  const last = args.at(-1) === '=' ? '' : (args.at(-1) ?? '')
  // bash separates --option, = and its value
  const words = args.slice(0, -1).filter((word) => word !== '=')
  const [name] = words
  const commands = commandTable.map((each) => ({ word: each.name, about: each.summary }))
  if (name === 'help' && words.length === 1) return linesOf(commands, last)
  if (name === undefined) {
    // Other names, such as create, are offered when one of them is being typed
    const others = commandTable.flatMap(({ spellings = [], summary }) =>
      last === '' ? [] : spellings.map((word) => ({ word, about: summary })),
    )
    const version = { word: '--version', about: 'Print the version' }
    return linesOf([...commands, ...others, HELP, version], last)
  }
  const main = await load(name)
  if (!main) return ''
  if (main.commands.length > 0 && words.length === 1) {
    const leaves = main.commands.map((leaf) => {
      return { word: leaf.name(), about: sentence(leaf.description()) }
    })
    return linesOf([...leaves, HELP], last)
  }
  const command = main.commands.find((leaf) => leaf.name() === words[1]) ?? main
  const [prefix = '', option] = /^(--[\w-]+)=/.exec(last) ?? []
  const values = valuesAfter(option ?? words.at(-1) ?? '', command)
  if (values !== null) return answer(values, prefix, last, words, io)
  const operands = operandsOf(command)
  if (last.startsWith('-') || operands === 'text') return linesOf(optionOffers(command), last)
  return answer(operands, '', last, words, io)
}

const CONFIG = '--config'
const HELP: Offer = { word: '--help', about: 'Show the help' }

/** The words that begin like the one that is typed. */
function linesOf(offers: readonly Offer[], last: string): string {
  const own = offers.filter(({ word }) => word.startsWith(last))
  return own.map(({ word, about }) => `${word}${about === '' ? '' : `\t${about}`}\n`).join('')
}

/** `prefix` is `--option=` before the value, if they are one word; `words` come before both. */
async function answer(
  values: Values,
  prefix: string,
  last: string,
  words: readonly string[],
  io: Io,
): Promise<string> {
  if (values === 'text') return ''
  if (values === 'file' || values === 'directory' || values === 'torrent') return `:${values}\n`
  const config = words.includes(CONFIG)
    ? words[words.lastIndexOf(CONFIG) + 1]
    : words.find((word) => word.startsWith(`${CONFIG}=`))?.slice(CONFIG.length + 1)
  const names = typeof values === 'string' ? await configuredNames(values, config, io) : values
  return linesOf(
    names.map((word) => ({ word: prefix + word, about: '' })),
    last,
  )
}

/** The values of an option; null for a switch, or if no option has that name. */
function valuesAfter(name: string, command: CommandUnknownOpts): Values | null {
  if (name === CONFIG) return 'file'
  for (const entry of optionEntries(command).values()) {
    const { on } = entry
    if (on && !on.isBoolean() && (on.long === name || on.short === name)) return valuesOf(entry)
  }
  return null
}

/** All names of options with a description. */
function optionOffers(command: CommandUnknownOpts): Offer[] {
  const options = command.options.filter(({ hidden }) => !hidden)
  const own = options.flatMap(({ short, long, description }) =>
    [short, long].flatMap((word) => (word ? [{ word, about: sentence(description) }] : [])),
  )
  return [...own, HELP]
}

function valuesOf({ choices, traits }: OptionEntry): Values {
  if (choices) return choices
  if (traits.trackers) return 'alias'
  return traits.offers ?? traits.takes ?? 'text'
}

function operandsOf(command: CommandUnknownOpts): Values {
  const { takes = 'file' } = commandTraits(command)
  const [first] = command.registeredArguments
  if (!first || takes === 'text') return 'text'
  return first.argChoices ?? (takes === 'command' ? commandTable.map(({ name }) => name) : takes)
}

/**
 * The presets or aliases in the configuration, or in the file of `--config`. Mistakes in it are not
 * reported, and names that a shell might take for something else are left out.
 */
async function configuredNames(
  kind: 'preset' | 'alias',
  config: string | undefined,
  io: Io,
): Promise<string[]> {
  const all = await readConfigurations(configurationFiles(config, io), io, new Problems())
  const names = all.flatMap(({ presets, aliases }) =>
    kind === 'preset' ? presets.map(({ name }) => name) : aliases.map(({ key }) => key),
  )
  return [...new Set(names)].filter((name) => /^\w[\w.+@-]*$/.test(name))
}

/** The first line of a description, without the period at its end. */
function sentence(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '')
}
