import { BtkitError } from '../../errors.js'
import { findEntry, type FoundEntry } from './find-entry.js'
import { checkValue, hideSecrets, type Candidate } from './settings.js'
import type { OptionEntry } from '../options/table.js'
import { OWN_VARIABLES } from '../options/traits.js'

/** Commands that run until a signal. Their options may be in the environment, for systemd units. */
export const SERVERS: ReadonlySet<string> = new Set(['serve', 'track', 'worker'])

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The settings of the environment for a command: its own variables and, for servers, all options.
 * `BTKIT_SERVE_PORT=80` is `--port 80`. Values of a repeatable option are separated by spaces. A
 * switch is `1` or `0`.
 *
 * commander's own `.env()` is unsuitable: it reads process.env, any value turns a switch on, lists
 * have only one value, and misspelled variables are ignored.
 * @throws BtkitError `usage` for a variable without a matching option
 */
export function environmentLevel(
  section: string | null,
  entries: ReadonlyMap<string, OptionEntry>,
  env: Environment,
): Candidate[] {
  const own = [...OWN_VARIABLES].flatMap(([key, variable]) => {
    const entry = entries.get(key)
    return entry && env[variable] ? ownCandidate(entry, variable, env[variable]) : []
  })
  if (section === null || !SERVERS.has(section)) return own
  const prefix = `BTKIT_${section.toUpperCase()}_`
  const options = Object.entries(env).flatMap(([variable, value = '']) => {
    if (!variable.startsWith(prefix) || value.trim() === '') return []
    const key = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-')
    return candidate(key, entries, { variable, value })
  })
  return [...own, ...options]
}

/** A variable that the command reads itself. Here it only overrides the configuration. */
function ownCandidate(entry: OptionEntry, variable: string, value: string): Candidate {
  const shown = hideSecrets(value)
  return { entry, place: variable, open: () => ({ entry, args: [], shown, place: variable }) }
}

interface Variable {
  readonly variable: string
  readonly value: string
}

function candidate(
  key: string,
  entries: ReadonlyMap<string, OptionEntry>,
  { variable, value }: Variable,
): Candidate {
  const found = findEntry(key, entries)
  if (!found) throw new BtkitError('usage', `${variable}: unknown option --${key}`)
  const { entry } = found
  const open = () => {
    const args = spell(found, { variable, value })
    return { entry, args, shown: hideSecrets(value), place: variable }
  }
  return { entry, place: variable, open }
}

function spell({ entry, isNegated }: FoundEntry, { variable, value }: Variable): string[] {
  if (entry.kind === 'switch') {
    if (!/^[01]$/.test(value)) throw new BtkitError('usage', `${variable} '${value}': not 1 or 0`)
    const isOff = (value === '1') === isNegated
    const long = isOff ? entry.off?.long : entry.on?.long
    return long ? [long] : []
  }
  const long = entry.on?.long ?? ''
  const isRepeatable = Array.isArray(entry.on?.defaultValue)
  const values = isRepeatable ? value.trim().split(/\s+/) : [value]
  for (const each of values) checkValue(entry, each, variable)
  return values.map((each) => `${long}=${each}`)
}
