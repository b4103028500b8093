import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { takesPaths } from '../../../src/cli/options/option.js'
import { optionEntries, leafCommands } from '../../../src/cli/options/table.js'
import { allCommands } from '../../support/commands.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'

/** Options of which an empty value leaves out or removes something, by their commands. */
const TEXTS = ['comment', 'created-by', 'source']
const MEANT: Readonly<Record<string, readonly string[]>> = {
  makemetafile: TEXTS,
  completedir: TEXTS,
  edit: [...TEXTS, 'tracker', 'remove-tracker', 'web-seed', 'remove-web-seed'],
  reannounce: ['remove-tracker'],
}

for (const { path, command, section } of leafCommands(await allCommands())) {
  test(`${path}: an empty value, as of an unset variable, is refused as a missing one`, async (t) => {
    const config = makeScratch(t)
    const operands = command.registeredArguments.flatMap((each) => (each.required ? ['x'] : []))
    const args = [...path.split(' '), ...operands]
    const unread = await runBtkit([...args, '--config='])
    assertError(unread, 'usage', '--config: its value is missing')
    const keys = Array.from(optionEntries(command).values(), ({ key, kind, on }) => {
      return kind === 'switch' || on === null || MEANT[section]?.includes(key) ? [] : [key]
    }).flat()
    for (const key of keys) {
      const typed = await runBtkit([...args, '--config', '/dev/null', `--${key}=`])
      assertError(typed, 'usage', `btkit: --${key}: its value is missing\n`)
    }
    const lines = [...keys, ...(MEANT[section] ?? [])].map((key) => `  ${key}: ''\n`)
    plantFiles(config, { c: `${section}:\n${lines.join('')}` })
    const { stderr } = await runBtkit(['config', 'check', '--config', join(config, 'c')])
    for (const [at, key] of keys.entries())
      assert.match(stderr, new RegExp(`c:${at + 2}:\\d+: ${key}: its value is missing`))
    assert.equal(stderr.split(': its value is missing').length, keys.length + 1, stderr)
  })

  test(`${path}: a home directory that no shell has named is no directory called ~`, async (t) => {
    const config = makeScratch(t)
    const why = 'no shell puts your home directory in the place of ~ here'
    const operands = command.registeredArguments.flatMap((each) => (each.required ? ['x'] : []))
    for (const entry of optionEntries(command).values()) {
      if (!takesPaths(entry)) continue
      const typed = [...path.split(' '), ...operands, '--config', '/dev/null', `--${entry.key}=~/x`]
      assertError(await runBtkit(typed), 'usage', `btkit: --${entry.key} '~/x': ${why}\n`)
      plantFiles(config, { c: `${section}: {${entry.key}: ~/x}\n` })
      const { stderr } = await runBtkit(['config', 'check', '--config', join(config, 'c')])
      assert.match(stderr, new RegExp(`c:1:\\d+: ${entry.key} '~/x': ${why}`))
    }
  })
}
