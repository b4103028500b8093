// Writes the list of all commands from their records: what the program knows of a command without
// loading it. With it are the names of all options, by which every command knows the mistakes in a
// configuration.
import { readdirSync, writeFileSync } from 'node:fs'

const list = 'dist/src/cli/command-list.js'

// Commands import the list themselves
writeFileSync(
  list,
  'export const commandTable = [], findCommand = () => undefined, optionKeys = () => ({})',
)
const { GROUPS } = await import('../dist/src/cli/context.js')
const { leafCommands, optionEntries } = await import('../dist/src/cli/options/table.js')

const names = readdirSync('dist/src/cli/commands').sort()
const all = await Promise.all(
  names.map(async (name) => {
    const { command } = await import(`../dist/src/cli/commands/${name}/command.js`)
    return { name, ...command }
  }),
)
const place = ({ group, order }) => 1000 * GROUPS.indexOf(group) + order
const records = all.sort((one, other) => place(one) - place(other))

const entries = records.map(({ define: _, ...facts }) => {
  const load = `async () => (await import('./commands/${facts.name}/command.js')).command.define`
  return `  { ...${JSON.stringify(facts)}, load: ${load} },\n`
})
writeFileSync(
  list,
  `export const commandTable = [\n${entries.join('')}]\n
export const findCommand = (name = '') =>
  commandTable.find((entry) => entry.name === name || entry.spellings?.includes(name))\n
let keys
export const optionKeys = () => (keys ??= ${JSON.stringify(optionKeys())})\n`,
)

const OTHERS = new Set([
  'batch',
  'reannounce',
  'copyannounce',
  'sethttpseeds',
  'rename',
  'stats',
  'status',
  'convert',
])

/**
 * The commands that work on files and end, without those that know all others: each spelling with
 * the name. The list of all commands loads none of them.
 */
export const fileCommands = [
  ['--help', 'help'],
  ['-h', 'help'],
].concat(
  records
    .filter(({ name, group, isJob }) => isJob || group === 'Show and check' || OTHERS.has(name))
    .flatMap(({ name, spellings = [] }) => [name, ...spellings].map((each) => [each, name])),
)

/** The options of each section of a configuration. No command is run: each is only looked at. */
function optionKeys() {
  const commands = records.map(({ define }) => define({ program: 'btkit', isLegacy: false }))
  const sections = {}
  for (const { section, command } of leafCommands(commands)) {
    const keys = (sections[section] ??= { values: new Set(), switches: new Set(), own: new Set() })
    for (const { key, kind, off, traits } of optionEntries(command).values()) {
      const isSwitch = kind === 'switch'
      const all = off && !isSwitch ? [key, `no-${key}`] : [key]
      for (const each of all) {
        keys[isSwitch ? 'switches' : 'values'].add(each)
        if (traits.isOwn) keys.own.add(each)
      }
    }
  }
  const lists = Object.entries(sections).map(([section, { values, switches, own }]) => [
    section,
    { values: [...values], switches: [...switches], own: [...own] },
  ])
  return Object.fromEntries(lists)
}
