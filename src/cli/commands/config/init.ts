import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../../errors.js'
import { SYSTEM_FILE, userFile } from '../../configuration/files.js'
import type { Io } from '../../io.js'
import {
  defaultText,
  optionEntries,
  type NamedCommand,
  type OptionEntry,
} from '../../options/table.js'

const HEADING = `# Configuration of btkit; btkit-config(1) explains it.
# To set an option, remove the # of its line and the # of its section's line.
# btkit config check   reports errors.
# btkit config show    shows the values in use and their origin.
# btkit config schema  prints a JSON schema, for editors that know yaml-language-server
`

const DEFAULTS = `
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
#  a.example: {private: true, source: A, piece-length: {min: 64K, max: 16M}, version: v1}
`

/**
 * Writes a configuration with all sections in comments, and returns its path.
 * @throws BtkitError `exists`, or an error of writing
 */
export function initConfiguration(
  name: string | undefined,
  commands: readonly NamedCommand[],
  io: Io,
): string {
  const own = io.isRoot ? SYSTEM_FILE : userFile(io.env)
  if (name === undefined && own === null)
    throw new BtkitError('usage', 'no home directory; name the file to write')
  const path = resolve(io.cwd, name ?? own ?? '')
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, commentedConfiguration(commands), { flag: 'wx', mode: 0o644 })
  } catch (error) {
    if (osCodeOf(error) === 'EEXIST')
      throw new BtkitError(
        'exists',
        `${path}: exists already and was not changed; name another file`,
      )
    throw asBtkitError(error, path)
  }
  return path
}

/** Returns a configuration in which all options are comments. */
export function commentedConfiguration(commands: readonly NamedCommand[]): string {
  const sections = new Map<string, OptionEntry[]>()
  for (const { section, command } of commands) {
    const entries = [...optionEntries(command).values()].filter(({ isHidden }) => !isHidden)
    sections.set(section, [...(sections.get(section) ?? []), ...entries])
  }
  const parts = [...sections].map(([name, entries]) => {
    if (name === 'presets') return ''
    const lines = new Map(entries.map((entry) => [entry.key, optionLine(entry)]))
    return lines.size === 0 ? '' : ['', `#${name}:`, ...lines.values(), ''].join('\n')
  })
  return HEADING + DEFAULTS + parts.join('')
}

function optionLine(entry: OptionEntry): string {
  const { key, on, off, kind } = entry
  const value = defaultText(entry) ?? (kind === 'list' || kind === 'tiers' ? '[]' : '')
  // A key such as `cache` has only the description of `--no-cache`
  const what = on?.description ?? `false: ${off?.description ?? ''}`
  return `#  ${`${key}: ${value}`.padEnd(32)} # ${what}`
}
