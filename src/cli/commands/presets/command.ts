import { Command } from '@commander-js/extra-typings'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { configurationFiles, readRightConfigurations } from '../../configuration/files.js'
import { shownText, type Located, type Section } from '../../configuration/located.js'
import { hidePasswords, hideSecrets } from '../../configuration/settings.js'
import { namesIn, presetsOf } from '../../configuration/sections.js'
import type { CommandContext } from '../../context.js'
import { reportNote } from '../../output/messages.js'

const EXAMPLES = `
Examples:
  btkit presets
  btkit presets --json`

export function definePresets({ io }: CommandContext) {
  return new Command('presets')
    .description('List the presets of the configuration, for --preset.')
    .option('--json', 'print one line of JSON for each preset', false)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, ...options }) => {
      const { config } = options as { readonly config?: string }
      const files = configurationFiles(config, io)
      const all = await readRightConfigurations(config, io)
      const standard = new Set(all.map(namesIn).findLast(({ length }) => length > 0))
      const presets = [...presetsOf(all).values()]
      for (const preset of presets) {
        const shown = shownPreset(preset, standard)
        io.stdout.write(json ? jsonLine(shown) : presetText(shown))
      }
      if (presets.length > 0 || json) return
      const where = files.length === 0 ? 'no configuration file' : `read ${files.join(', ')}`
      reportNote(`no presets: ${where}; btkit-config(1) explains them`, io)
    })
}

interface ShownPreset {
  readonly preset: string
  /** Whether it counts without --preset. */
  readonly isDefault: boolean
  /** `FILE:LINE`. */
  readonly from: string
  readonly options: Readonly<Record<string, string>>
}

function shownPreset({ name, place, entries }: Section, standard: ReadonlySet<string>) {
  const options = entries.map(({ key, item }) => [key, shownOption(key, item)] as const)
  return {
    preset: name,
    isDefault: standard.has(name),
    from: place.lineText,
    options: Object.fromEntries(options),
  }
}

/** Web seeds have paths that everybody may see. */
function shownOption(key: string, item: Located): string {
  const text = shownText(item)
  return key.endsWith('-seed') || key.endsWith('-seed-base')
    ? hidePasswords(text)
    : hideSecrets(text)
}

/** For people: the name with its place, and a line for each option. */
function presetText({ preset, isDefault, from, options }: ShownPreset): string {
  const lines = Object.entries(options).map(([key, value]) => `  ${key}: ${value}`)
  const heading = `${preset}${isDefault ? ' (default)' : ''}  ${from}`
  return [heading, ...lines].map((line) => `${escapeText(line)}\n`).join('')
}
