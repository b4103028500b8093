import { type CommandOption, type Exclusion, traitsOf } from '../options/option.js'
import type { Place } from '../options/given.js'
import type { Decided } from './parse.js'

/** An option that is refused beside others, where it is set, and why. */
interface Refused {
  readonly place: Place
  readonly message: string
}

/**
 * The first two options that exclude each other; null if there are none. Options declare with
 * `excludes` what they refuse, and no command checks it. `byKey` names options as a configuration
 * does.
 */
export function contradictionIn(decided: readonly Decided[], byKey = false): Refused | null {
  const used = usedOptions(decided, byKey)
  for (const one of used) {
    for (const excluded of traitsOf(one.option).excludes ?? []) {
      const exclusion: Exclusion = typeof excluded === 'string' ? { option: excluded } : excluded
      for (const other of used) {
        const isMeant = other.option.attributeName() === exclusion.option
        if (!isMeant || other.option === one.option) continue
        const found = exclusion.when?.(one.value, other.value) ?? true
        if (found === false) continue
        const of = found === true ? '' : `${found}: `
        const why = exclusion.why === undefined ? '' : `: ${exclusion.why}`
        const pair = `${of}${shownOption(one)} and ${shownOption(other)}`
        return { place: other.place, message: `${pair} cannot be used together${why}` }
      }
    }
  }
  return null
}

/**
 * The first option that lacks one that it needs; null if there is none. Options declare with
 * `needs` what they need, and no command checks it.
 */
export function lackIn(decided: readonly Decided[], byKey = false): Refused | null {
  const used = usedOptions(decided, byKey)
  const names = new Set(used.map(({ option }) => option.long))
  for (const { option, name, value, isTyped, place } of used) {
    for (const need of traitsOf(option).needs ?? []) {
      const { oneOf, why, ifTyped } = need
      const found = need.when?.(value) ?? true
      if (found === false || (ifTyped && !isTyped)) continue
      if (oneOf.some((each) => names.has(`--${each}`))) continue
      const hyphens = name.startsWith('--') ? '--' : ''
      const needed = oneOf.map((each) => hyphens + each).join(' or ')
      const shown = found === true ? name : `${name} ${found}`
      const message = `${shown} needs ${needed}${why === undefined ? '' : `, ${why}`}`
      return { place, message }
    }
  }
  return null
}

/** An option that has an effect, as messages about several options name it. */
interface UsedOption extends Pick<Decided, 'place' | 'value' | 'isTyped'> {
  readonly option: CommandOption
  /** A tracker that is an operand has its own text. */
  readonly name: string
}

function usedOptions(decided: readonly Decided[], byKey: boolean): UsedOption[] {
  return decided.flatMap(({ entry: { key, on, off }, source, place, values, value, isTyped }) => {
    const isOn = values.some((one) => one !== false)
    const named = (option: CommandOption, own: unknown) => {
      const name = byKey ? key : source === 'operand' ? place.source : (option.long ?? '')
      return { option, name, value: own, isTyped, place }
    }
    const own = value === false ? isOn : value
    return [
      ...(isOn && on && !isEmpty(own) ? [named(on, own)] : []),
      ...(values.includes(false) && off ? [named(off, false)] : []),
    ]
  })
}

/** A standard stream as the value is part of what contradicts. */
function shownOption({ name, value }: UsedOption): string {
  return value === '-' ? `${name} -` : name
}

/** Whether a value has no effect. */
function isEmpty(value: unknown): boolean {
  const isEmptyList = Array.isArray(value) && value.length === 0
  return isEmptyList || value === undefined || value === false || value === ''
}
