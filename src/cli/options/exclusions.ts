import { type CommandOption, type Exclusion, traitsOf } from './option.js'

/** An option in use. */
export interface UsedOption {
  readonly option: CommandOption
  /** How messages name it; a tracker that is an operand has its own text. */
  readonly name: string
  readonly value: unknown
}

/** Two options that exclude each other. */
interface Contradiction<Used> {
  readonly other: Used
  readonly message: string
}

/**
 * The first two options that exclude each other; null if there are none. Options declare with `excludes`
 * what they refuse, and no command checks it.
 */
export function contradictionIn<Used extends UsedOption>(
  used: readonly Used[],
): Contradiction<Used> | null {
  for (const one of used.filter(isSet)) {
    for (const excluded of traitsOf(one.option).excludes ?? []) {
      const exclusion: Exclusion = typeof excluded === 'string' ? { option: excluded } : excluded
      for (const other of used.filter(isSet)) {
        const isMeant = other.option.attributeName() === exclusion.option
        if (!isMeant || other.option === one.option) continue
        const found = exclusion.when?.(one.value, other.value) ?? true
        if (found !== false) return { other, message: inWords([one, other], exclusion, found) }
      }
    }
  }
  return null
}

function inWords(
  [one, other]: readonly [UsedOption, UsedOption],
  { why }: Exclusion,
  shared: true | string,
): string {
  const of = shared === true ? '' : `${shared}: `
  const pair = `${of}${nameOf(one)} and ${nameOf(other)} cannot be used together`
  return why === undefined ? pair : `${pair}: ${why}`
}

/** A standard stream as the value is part of what contradicts. */
function nameOf({ name, value }: UsedOption): string {
  return value === '-' ? `${name} -` : name
}

/** Whether an option has an effect: an empty list or text has none. */
function isSet({ option, value }: UsedOption): boolean {
  if (option.negate) return value === false
  return !(value === undefined || value === false || value === '' || isEmpty(value))
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
