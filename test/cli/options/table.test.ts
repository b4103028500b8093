import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../../src/cli/command-list.js'
import {
  leafCommands,
  optionEntries,
  isKnownKey,
  knownKeys,
  knownSections,
  takesDefault,
} from '../../../src/cli/options/table.js'
import { allCommands } from '../../support/commands.js'
import { projectRoot } from '../../support/programs.js'
import { runBtkit } from '../../support/run-btkit.js'

interface SchemaSection {
  readonly properties: Readonly<Record<string, unknown>>
}

const schema = JSON.parse((await runBtkit(['config', 'schema'])).stdout) as {
  readonly properties: Readonly<Record<string, SchemaSection>>
}

/** The pages of the manual by their names. */
const manual = new Map(
  readdirSync(join(projectRoot, 'man')).map((file) => {
    const text = readFileSync(join(projectRoot, 'man', file), 'utf8')
    return [file.replace(/\.\d$/, ''), text]
  }),
)

/** Whether the page of a command has an option, or names another page that does. */
function isExplained(name: string, option: string): boolean {
  const page = manual.get(`btkit-${name}`) ?? ''
  const inPage = new RegExp(
    `[Ff]l (?:\\w , )?${option.slice(1).replaceAll('-', '\\\\?-')}(?![\\w-])`,
  )
  const named = [...page.matchAll(/(btkit-[\w-]+) Ns Pq/g)].flatMap((found) => found[1] ?? [])
  return [page, ...named.map((other) => manual.get(other) ?? '')].some((text) => inPage.test(text))
}

for (const { name } of commandTable) {
  test(`all options of ${name} are in help, manual, schema, config show and completion`, async () => {
    const commands = await allCommands()
    const leaves = leafCommands(commands).filter(({ section }) => section === name)
    for (const { path, command } of leaves) {
      const { stdout: offers } = await runBtkit(['__complete', ...path.split(' '), '-'])
      const words = new Set(offers.split('\n').map((line) => line.split('\t')[0]))
      const shown = await runBtkit(['config', 'show', ...path.split(' ')])
      const { stdout: help } = await runBtkit([...path.split(' '), '--help'])
      for (const { key, kind, on, off, isHidden } of optionEntries(command).values()) {
        if (isHidden) continue
        for (const { long } of [on, off].flatMap((option) => option ?? [])) {
          const option = long ?? ''
          assert.match(help, new RegExp(`${option}\\b`), `${path} --help: ${option}`)
          assert.ok(isExplained(name, option), `btkit-${name}: ${option}`)
          assert.ok(words.has(option), `completion: ${path}: ${option}`)
        }
        assert.ok(schema.properties[name]?.properties[key], `schema: ${name}: ${key}`)
        const isDefault = schema.properties['defaults']?.properties[key] !== undefined
        assert.ok(isDefault || !takesDefault(name, key), `schema: defaults: ${key}`)
        // No switch is on by itself
        const standard = kind === 'switch' ? (on ? '(false|-) ' : '(true|0) ') : ''
        assert.match(shown.stdout, new RegExp(`^  ${key} +${standard}`, 'm'))
      }
      assert.match(help, /--config <file>/)
    }
  })
}

test('serve has the administration of track, in the same words', async () => {
  const ADMINISTRATION = 'Administration:'
  const groupOf = async (name: string) => {
    const command = (await allCommands()).find((each) => each.name() === name)
    const options = command?.options.filter((each) => each.helpGroupHeading === ADMINISTRATION)
    return options?.map(({ flags, description }) => [flags, description])
  }
  const options = await groupOf('serve')
  assert.equal(options?.length, 4)
  assert.deepEqual(options, await groupOf('track'))
})

test('the build notes the keys of all commands, by which mistakes are found', async () => {
  const leaves = leafCommands(await allCommands())
  assert.deepEqual(new Set(leaves.map(({ section }) => section)), new Set(knownSections().slice(1)))
  for (const { section, command } of leaves) {
    const known = new Set(knownKeys(section))
    for (const { key, kind, traits } of optionEntries(command).values()) {
      assert.ok(known.has(key), `${section}: ${key}`)
      assert.equal(takesDefault(section, key), !traits.isOwn, `${section}: ${key}`)
      const isNamed = known.has(`no-${key}`)
      assert.equal(isKnownKey(`no-${key}`, section), kind === 'switch' || isNamed)
    }
  }
})
