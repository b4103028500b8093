import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCommand } from '../../../src/cli/command-table.js'
import { bundleOf, QUICK_COMMANDS } from '../../../src/cli/start/bundles.js'

test('a quick command is loaded alone, and is one that there is', () => {
  for (const name of QUICK_COMMANDS) {
    assert.equal(bundleOf(name), name)
    assert.equal(findCommand(name)?.name, name)
  }
})

test('the version and the general help are loaded without any command', () => {
  for (const first of [undefined, '--version', '-V', '--help', '-h', '--'])
    assert.equal(bundleOf(first), 'no-command')
})

test('whatever else there is, and is not, is left to the bundle of all commands', () => {
  for (const name of ['serve', 'help', 'version', 'create', 'frobnicate', '', 'constructor'])
    assert.equal(bundleOf(name), 'main')
})
