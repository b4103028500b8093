import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfiguration } from '../../../src/cli/configuration/parse-yaml.js'
import { BtkitError } from '../../../src/base/errors.js'

// The package ends the process for some of these, depending on the stack
for (const [what, text] of [
  ['lists in brackets', '['.repeat(20_000)],
  ['maps in braces', '{a: '.repeat(20_000)],
  ['lists on one line', '- '.repeat(30_000)],
  ['keys of keys', '? '.repeat(30_000)],
  ['indentation', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['brackets after a document', `a: {}\n---\n${'['.repeat(20_000)}`],
] as const) {
  test(`deep nesting is one line with its place: ${what}`, () => {
    assert.throws(
      () => parseConfiguration(text, 'f.yml'),
      (error) =>
        error instanceof BtkitError && /^f\.yml:\d+:\d+: nested too deeply$/.test(error.message),
    )
  })
}
