import { usageError } from '../../errors.js'
import { findCommand } from '../command-table.js'
import type { OptionEntry } from '../options/table.js'
import { Place } from './located.js'
import { hideSecrets } from './secrets.js'
import { type Candidate, type World, findEntry, candidate, switched } from './settings.js'

/**
 * The settings of the environment for a command: its own variables and, if it has them, those of all options.
 * `BTKIT_SERVE_PORT=80` is `--port 80`. Values of a repeatable option are separated by spaces. A
 * switch is `1` or `0`, and so is an option that may have a value. A variable without a matching option is a problem.
 *
 * commander's own `.env()` is unsuitable: it reads process.env, any value turns a switch on, lists
 * have only one value, and misspelled variables are ignored.
 */
export function environmentLevel(
  section: string | null,
  entries: ReadonlyMap<string, OptionEntry>,
  { env, problems }: Pick<World, 'env' | 'problems'>,
): Candidate[] {
  // The command reads these itself. Here they only override the configuration.
  const own = [...entries.values()].flatMap((entry) => {
    const { variable = '' } = entry.traits
    const value = env[variable]
    if (!value) return []
    const about = { entry, place: new Place(variable), shown: hideSecrets(value) }
    return [candidate(about, problems, () => null)]
  })
  const command = findCommand(section ?? '')
  if (!command?.isService && !command?.hasVariables) return own
  const prefix = `BTKIT_${command.name.toUpperCase()}_`
  const options = Object.entries(env).flatMap(([variable, value = '']) => {
    if (!variable.startsWith(prefix) || value.trim() === '') return []
    return problems.try([], () => [fromVariable(variable, value, { prefix, entries, problems })])
  })
  return [...own, ...options]
}

interface Lookup extends Pick<World, 'problems'> {
  readonly prefix: string
  readonly entries: ReadonlyMap<string, OptionEntry>
}

function fromVariable(
  variable: string,
  value: string,
  { prefix, entries, problems }: Lookup,
): Candidate {
  const key = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
  const found = findEntry(key, entries)
  const place = new Place(variable)
  if (!found) throw place.error(`unknown option --${key}`)
  const { entry, isNegated } = found
  return candidate({ entry, place, shown: hideSecrets(value) }, problems, () => {
    if (entry.kind === 'switch') {
      if (/^[01]$/.test(value)) return switched(entry, (value === '1') !== isNegated)
      throw usageError(`${variable} '${value}': not 1 or 0`)
    }
    if (entry.on?.optional && value === '0') return false
    const isRepeatable = Array.isArray(entry.on?.defaultValue)
    const values = isRepeatable ? value.trim().split(/\s+/) : [value]
    return values.map((text) => ({ text, place }))
  })
}
