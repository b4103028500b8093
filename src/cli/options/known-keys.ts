import { createRequire } from 'node:module'
import { otherNames } from '../arguments/option-names.js'
import { takesDefault } from './traits.js'

/** The options of a command, or of all commands of a group, by their keys. */
export interface SectionKeys {
  readonly values: readonly string[]
  /** These have a `no-…` form each. */
  readonly switches: readonly string[]
}

/** The section whose options apply to each command that has them. */
export const DEFAULTS = 'defaults'

/**
 * The options of all commands by section. The build writes them to a file, because loading all
 * commands takes longer than most of them run.
 */
function allKeys(): Readonly<Record<string, SectionKeys>> {
  return createRequire(import.meta.url)('#option-keys') as Record<string, SectionKeys>
}

/** The sections that a configuration may have. */
export function knownSections(): string[] {
  return [DEFAULTS, ...Object.keys(allKeys())]
}

/** The keys that a section may have, without `no-…` forms and names of other programs. */
export function knownKeys(section: string): string[] {
  return sectionsFor(section).flatMap(([name, { values, switches }]) =>
    [...values, ...switches].filter((key) => section !== DEFAULTS || takesDefault(name, key)),
  )
}

/** Whether a section may have a key, in any of its forms; null asks for the section of any command. */
export function isKnownKey(key: string, section: string | null): boolean {
  const names = [key, ...otherNames(key)]
  const opposite = key.startsWith('no-') ? key.slice('no-'.length) : ''
  return sectionsFor(section).some(([command, { values, switches }]) => {
    const found =
      names.find((name) => values.includes(name) || switches.includes(name)) ??
      (switches.includes(opposite) ? opposite : undefined)
    return found !== undefined && (section !== DEFAULTS || takesDefault(command, found))
  })
}

function sectionsFor(section: string | null): (readonly [command: string, keys: SectionKeys])[] {
  const all = allKeys()
  if (section === null || section === DEFAULTS) return Object.entries(all)
  const own = all[section]
  return own ? [[section, own]] : []
}
