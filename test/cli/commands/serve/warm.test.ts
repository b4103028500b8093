import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

/** Arguments, and their error message. */
const WRONG: readonly (readonly [args: string[], told: RegExp])[] = [
  [['--warm', '/iso/'], /--warm '\/iso\/': matches no file; use DIRECTORY\/\*\*/],
  [['--warm', '../x'], /--warm.*'\.\.' is not a file name/],
  [['--max-rate', '20M'], /--max-rate needs --warm/],
  [['--warm', '*', '--max-rate', '0'], /--max-rate.*not a rate/],
  [['--warm', '*', '--warm-interval', '0'], /--warm-interval.*not a number of seconds/],
]

for (const [args, told] of WRONG) {
  test(`serve ${args.join(' ')} is refused`, async (t) => {
    const rest = ['--trackerless', '--port', '0', ...args]
    const { status, stderr } = await runBtkit(['serve', makeScratch(t), ...rest])
    assert.equal(status, 2)
    assert.match(stderr, told)
  })
}
