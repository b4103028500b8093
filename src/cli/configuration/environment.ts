import { findCommand } from '../command-table.js'
import type { OptionEntry } from '../options/option.js'
import { type Given, type Located, Place, type Problems } from '../options/given.js'
import type { Io } from '../io.js'
import { findOption } from './sections.js'

/**
 * The options of a command in the environment: its own variables and, if it has them, those of all options.
 * `BTKIT_SERVE_PORT=80` is `--port 80`. Values of a repeatable option are separated by spaces. A
 * switch is `1` or `0`, and so is an option that may have a value. A variable without a matching option is a problem.
 *
 * commander's own `.env()` is unsuitable: it reads process.env, any value turns a switch on, lists
 * have only one value, and misspelled variables are ignored.
 */
export function environmentLevel(
  section: string | null,
  entries: ReadonlyMap<string, OptionEntry>,
  { env, problems }: Pick<Io, 'env'> & { readonly problems: Problems },
): Given[] {
  // The command reads these itself. Here they only override the configuration.
  const own = [...entries.values()].flatMap((entry): Given[] => {
    const { variable = '' } = entry.traits
    const value = env[variable]
    if (!value) return []
    const item = textAt(variable, value)
    return [{ entry, source: 'command', uses: [item], place: item.place, isTyped: false }]
  })
  const command = findCommand(section ?? '')
  if (!command?.isService && !command?.hasVariables) return own
  const prefix = `BTKIT_${command.name.toUpperCase()}_`
  const options = Object.entries(env).flatMap(([variable, value = '']) => {
    if (!variable.startsWith(prefix) || value.trim() === '') return []
    const key = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
    return problems.try<Given[]>([], () => [fromVariable(key, textAt(variable, value), entries)])
  })
  return [...own, ...options]
}

function textAt(variable: string, text: string): Located {
  return { place: new Place(variable), value: { kind: 'text', text, isPlain: false } }
}

function fromVariable(
  key: string,
  value: Located,
  entries: ReadonlyMap<string, OptionEntry>,
): Given {
  const { place } = value
  const found = findOption(key, value, entries)
  if (!found) throw place.error(`unknown option --${key}`)
  const { entry, item } = found
  const isRepeatable = Array.isArray(entry.on?.defaultValue)
  const text = item.value.kind === 'text' ? item.value.text : ''
  const words = isRepeatable ? text.trim().split(/\s+/) : [text]
  const uses = words.map((word) => textAt(place.source, word))
  return { entry, source: 'variable', uses, place, isTyped: false }
}
