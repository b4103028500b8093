import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Journal, lineOf } from '../../../src/disk/state/journal.js'
import { makeScratch } from '../../support/scratch.js'

function place(t: TestContext) {
  const stateDirectory = makeScratch(t)
  const path = join(stateDirectory, 'given')
  const warn = (message: string) => assert.fail(message)
  const options = { path, stateDirectory, head: { btkit: 'given' }, loss: '', warn, now: Date.now }
  return { path, open: () => new Journal(options) }
}

test('what is set is kept though the file is closed while it is written', async (t) => {
  const { open } = place(t)
  const journal = open()
  journal.put('a', 1)
  await journal.flush()
  for (let round = 0; round < 5; round++) {
    journal.put('a', round)
    journal.put(`b${round}`, round)
    const written = journal.flush()
    // Before it is written, and while the disk is at work
    for (let turn = 0; turn < round; turn++) await Promise.resolve()
    journal.release()
    await written
  }
  const expected = { a: '4', b0: '0', b1: '1', b2: '2', b3: '3', b4: '4' }
  assert.deepEqual(Object.fromEntries(journal.entries()), expected)
  assert.deepEqual(Object.fromEntries(open().entries()), expected)
})

test('a value is never read from another file that took the place of a closed one', async (t) => {
  const { path, open } = place(t)
  const journal = open()
  journal.put('a', 1)
  await journal.flush()
  journal.release()
  const head = lineOf('', JSON.stringify({ version: 1, btkit: 'given' }))
  writeFileSync(`${path}.new`, Buffer.concat([head, lineOf('a', '2')]))
  renameSync(`${path}.new`, path)
  assert.throws(() => journal.get('a'), /another program replaced it/)
  journal.put('b', 3)
  await assert.rejects(journal.flush(), /another program replaced it/)
  assert.deepEqual(Object.fromEntries(open().entries()), { a: '2' })
})

test('a link that another program put in the place of the file is never followed', async (t) => {
  const { path, open } = place(t)
  const journal = open()
  journal.put('a', 1)
  await journal.flush()
  rmSync(path)
  writeFileSync(`${path}.other`, 'of others')
  symlinkSync(`${path}.other`, path)
  for (const key of ['b', 'c']) {
    journal.put(key, 1)
    await assert.rejects(
      journal.flush(),
      /^BtkitError: state [^:]*: not a regular file; remove it$/,
    )
  }
  assert.equal(readFileSync(`${path}.other`, 'utf8'), 'of others')
})
