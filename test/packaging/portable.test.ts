import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../support/scratch.js'
import { projectRoot, runProgram } from '../support/programs.js'

test('a compiler that the archives want is named at the start, in one line', async (t) => {
  const script = join(projectRoot, 'scripts/package/portable.js')
  for (const [args, advice] of [
    [[], '; --own makes the archive of this machine only'],
    [['--own'], ''],
  ] as const) {
    const env = { PATH: makeScratch(t) }
    const { status, stdout, stderr } = await runProgram(process.execPath, [script, ...args], {
      env,
    })
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /^[\w-]+-linux-gnu-gcc[^\n]*: not installed \([^\n]+\n$/)
    assert.ok(stderr.endsWith(`arch64-linux-gnu)${advice}\n`), stderr)
  }
})
