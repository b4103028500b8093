// Writes the names of all commands' options, by which every command knows the mistakes in a
// configuration. known-keys.ts reads them.
import { writeFileSync } from 'node:fs'
import { commandTable } from '../dist/src/cli/command-table.js'
import { leafCommands, optionEntries } from '../dist/src/cli/options/table.js'

// No command is run: each is only looked at
const context = { program: 'btkit', isLegacy: false }
const commands = await Promise.all(commandTable.map(async ({ load }) => (await load())(context)))
const sections = {}
for (const { section, command } of leafCommands(commands)) {
  const keys = (sections[section] ??= { values: new Set(), switches: new Set(), own: new Set() })
  for (const { key, kind, traits } of optionEntries(command).values()) {
    keys[kind === 'switch' ? 'switches' : 'values'].add(key)
    if (traits.isOwn) keys.own.add(key)
  }
}
const lists = Object.entries(sections).map(([section, { values, switches, own }]) => [
  section,
  { values: [...values], switches: [...switches], own: [...own] },
])
writeFileSync('dist/bundle/option-keys.json', JSON.stringify(Object.fromEntries(lists)))
