// In a process of its own: after a wait in vain, this process does not wait for other files
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import timers from 'node:timers/promises'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { lockFile } from '../../../src/disk/write/locks.js'
import { Writer } from '../../../src/disk/write/many.js'
import { importMocks } from '../../support/import-mocks.js'
import { makeScratch } from '../../support/scratch.js'

test('of many files that a reader holds locks of, one is waited for in a minute', async (t) => {
  const names = Array.from({ length: 60 }, (_, i) => `${i}`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, 'old'])))
  for (const name of names) assert.ok(await lockFile(join(root, name)))
  let pauses = 0
  const pause = timers.setTimeout.bind(timers)
  t.mock.method(timers, 'setTimeout', (...how: Parameters<typeof pause>) => {
    pauses++
    return pause(...how)
  })
  importMocks(t)
  const bytes = Buffer.from('new')
  const options = { checkUntouched: () => undefined }
  const [first = '', last = '', ...others] = names
  await writeAtomically(join(root, first), bytes, options)
  assert.ok(pauses > 0)
  pauses = 0
  for (const name of others.splice(0, 20)) await writeAtomically(join(root, name), bytes, options)
  const writer = new Writer(64)
  await Promise.all(others.map((name) => writer.write(join(root, name), bytes, options)))
  assert.equal(pauses, 0)
  const clock = process.hrtime.bind(process)
  t.mock.method(process, 'hrtime', () => {
    const [seconds, rest] = clock()
    return [seconds + 60, rest]
  })
  await writeAtomically(join(root, last), bytes, options)
  assert.notEqual(pauses, 0)
  for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), 'new')
})
