import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Setting } from '../../configuration/settings.js'
import { defaultText, optionEntries } from '../../options/table.js'
import { escapeText } from '../../../text/escape.js'

/** The value of an option, and where it comes from. */
export interface ShownOption {
  readonly option: string
  /** Null if it has none. */
  readonly value: string | null
  /** `FILE:LINE`, a variable, or `default`. */
  readonly from: string
}

/** The options of a command with the values they have if nothing is typed. */
export function shownOptions(
  command: CommandUnknownOpts,
  settings: readonly Setting[],
): ShownOption[] {
  const entries = [...optionEntries(command).values()].filter(({ isHidden }) => !isHidden)
  return entries.map((entry) => {
    const setting = settings.find((each) => each.entry.key === entry.key)
    if (!setting) return { option: entry.key, value: defaultText(entry), from: 'default' }
    const from = setting.place.lineText
    return { option: entry.key, value: setting.shown, from }
  })
}

/** Formats options as a table; empty if there are none. */
export function showText(path: string, shown: readonly ShownOption[]): string {
  if (shown.length === 0) return ''
  const rows = shown.map(({ option, value, from }) => [option, value ?? '-', from] as const)
  const widest = (column: 0 | 1) => Math.min(32, Math.max(...rows.map((row) => row[column].length)))
  const widths = [widest(0), widest(1)] as const
  const lines = rows.map(([option, value, from]) => {
    const cells = [option.padEnd(widths[0]), escapeText(value).padEnd(widths[1]), escapeText(from)]
    return `  ${cells.join('  ')}`
  })
  return [`${path}:`, ...lines].map((line) => `${line}\n`).join('')
}
