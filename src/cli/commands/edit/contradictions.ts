import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { LIST_NAMES, type ListOptions } from './list-options.js'

/** Collects the names of the given options while they are parsed: `web-seed`, `no-web-seed`. */
export function noteGiven(command: CommandUnknownOpts): ReadonlySet<string> {
  const given = new Set<string>()
  for (const option of command.options) {
    command.on(`option:${option.name()}`, () => {
      given.add(option.name())
    })
  }
  return given
}

/**
 * Refuses options that contradict each other.
 * @throws BtkitError `usage`
 */
export function refuseContradictions(given: ReadonlySet<string>, options: ListOptions): void {
  for (const name of given) {
    for (const other of [name.replace(/^no-/, ''), name.replace(/^no-/, 'set-')]) {
      if (other !== name && given.has(other)) {
        throw new BtkitError('usage', `--${other} and --${name} cannot be used together`)
      }
    }
  }
  for (const [list, option] of LIST_NAMES) {
    for (const verb of ['set', 'prepend', 'add'] as const) {
      const values = options[`${verb}${list}`] ?? []
      const both = values.find((value) => options[`remove${list}`].includes(value))
      if (both === undefined) continue
      const what = `--${verb}-${option} and --remove-${option} cannot be used together`
      throw new BtkitError('usage', `${both}: ${what}`)
    }
  }
}
