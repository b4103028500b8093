import { BtkitError } from '../../errors.js'
import type { Io } from '../io.js'
import type { OptionEntry } from '../options/table.js'
import { readConfigurationText } from './files.js'
import { suggestion } from './nearest.js'
import { DEFAULTS, findEntry, sectionsOf, unknownKey, type Section } from './sections.js'
import { candidateOf } from './settings.js'

/** The options of each section that a configuration may have: of all commands with one name. */
export type SectionTable = ReadonlyMap<string, readonly ReadonlyMap<string, OptionEntry>[]>

/**
 * What is wrong in a configuration file, each with file, line and column: sections and keys that
 * there are not, and values that a command would refuse.
 */
export function checkFile(path: string, table: SectionTable, io: Io): string[] {
  try {
    const sections = sectionsOf(readConfigurationText(path, io), path)
    return sections.flatMap((section) => checkSection(section, table, io))
  } catch (error) {
    return [messageOf(error)]
  }
}

function checkSection(section: Section, table: SectionTable, io: Io): string[] {
  const { name, place, entries } = section
  const names = [DEFAULTS, ...table.keys()]
  if (!names.includes(name))
    return [`${place}: there is no command ${name}${suggestion(name, names)}`]
  const commands = name === DEFAULTS ? [...table.values()].flat() : (table.get(name) ?? [])
  return entries.flatMap(({ key, place: keyPlace, item }) => {
    const found = commands.flatMap((options) => findEntry(key, options) ?? [])
    if (found.length === 0) {
      const known = new Set(commands.flatMap((options) => [...options.keys()]))
      return [`${keyPlace}: ${unknownKey(key, name, known)}`]
    }
    // Commands may differ in what they take; each says the same of most
    return [...new Set(found.flatMap((each) => tryOpen(() => candidateOf(each, item, io)?.open())))]
  })
}

function tryOpen(open: () => unknown): string[] {
  try {
    open()
    return []
  } catch (error) {
    return [messageOf(error)]
  }
}

function messageOf(error: unknown): string {
  if (error instanceof BtkitError) return error.message
  throw error
}
