import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCommand } from '../../../src/cli/command-table.js'
import { bundleOf, QUICK_COMMANDS } from '../../../src/cli/start/bundles.js'

test('a quick command exists, and is loaded without the others', () => {
  for (const name of QUICK_COMMANDS) {
    assert.equal(bundleOf(name), name)
    assert.equal(findCommand(name)?.name, name)
  }
})

test('the version and the general help are loaded without any command', () => {
  for (const first of [undefined, '--version', '-V', '--help', '-h', '--'])
    assert.equal(bundleOf(first), 'no-command')
})

test('all other commands, known or not, are in the bundle of all commands', () => {
  for (const name of ['serve', 'help', 'version', 'create', 'frobnicate', '', 'constructor'])
    assert.equal(bundleOf(name), 'main')
})
