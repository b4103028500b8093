import assert from 'node:assert/strict'
import fs, {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { BtkitError, systemError } from '../../../src/base/errors.js'
import { Journal, lineOf } from '../../../src/disk/state/journal.js'
import { importMocks } from '../../support/import-mocks.js'
import { makeScratch } from '../../support/scratch.js'

function place(t: TestContext) {
  const stateDirectory = makeScratch(t)
  const path = join(stateDirectory, 'given')
  const warn = (message: string) => assert.fail(message)
  const options = { path, stateDirectory, head: { btkit: 'given' }, loss: '', warn, now: Date.now }
  return { path, options, open: () => new Journal(options) }
}

test('a journal of many records is appended to, and left as it is by who reads it', async (t) => {
  const { path, options, open } = place(t)
  const journal = open()
  for (let i = 0; i < 500; i++) journal.put(`${i}`, i)
  await journal.flush()
  const { ino } = statSync(path)
  journal.put('a', 1)
  await journal.close()
  for (let i = 0; i < 400; i++) journal.put('a', i)
  await journal.flush()
  journal.release()
  await new Journal({ ...options, isReadOnly: true }).close()
  assert.deepEqual([statSync(path).ino, open().size], [ino, 501])
})

test('a file whose one record often changes stays short, and is seldom replaced', async (t) => {
  const { path, options, open } = place(t)
  const count = () => readFileSync(path, 'utf8').split('\n').length
  let journal = open()
  await journal.rewrite(options.head)
  let [most, before, longer] = [0, 0, 0]
  for (let i = 0; i < 500; i++) {
    journal.put('a', i)
    await journal.flush()
    // Also by many runs, one after the other
    if (i > 300) await journal.close()
    if (i > 300) journal = open()
    const lines = count()
    if (lines > before) longer++
    most = Math.max(most, lines)
    before = lines
  }
  assert.ok(most < 110, `${most} lines`)
  assert.ok(longer > 490, `${500 - longer} times replaced`)
  assert.equal(journal.get('a'), '499')
  journal.release()
})

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

test('a file that a run adds to while another reads it is not damaged', async (t) => {
  const { path, options, open } = place(t)
  const journal = open()
  journal.put('a', 1)
  await journal.close()
  const { readSync } = fs
  const reading = t.mock.method(fs, 'readSync', (...args: Parameters<typeof readSync>) => {
    if (reading.mock.callCount() === 0) fs.appendFileSync(path, lineOf('b', '2'))
    return readSync(...args)
  })
  importMocks(t)
  const reader = new Journal({ ...options, isReadOnly: true })
  assert.deepEqual(Object.fromEntries(reader.entries()), { a: '1', b: '2' })
  reader.release()
})

test('after a read that failed no value is that of another key', async (t) => {
  const { path, options, open } = place(t)
  const keys = Array.from({ length: 100 }, (_, i) => `${i}`)
  const journal = open()
  for (const key of keys) journal.put(key, key.repeat(200))
  await journal.close()
  const reader = new Journal({ ...options, isReadOnly: true })
  const { readSync } = fs
  let calls = 0
  t.mock.method(fs, 'readSync', (...[file, bytes, how]: Parameters<typeof readSync>) => {
    if (++calls % 7 === 0) throw systemError(-constants.errno.EIO, 'read')
    const { offset = 0, position } = how as fs.ReadOptions
    const length = Math.min(4000, bytes.byteLength - offset)
    return readSync(file, bytes, { offset, length, position })
  })
  importMocks(t)
  let failures = 0
  // From near and far in turns
  for (const key of keys.flatMap((near, i) => [near, keys[(i + 50) % 100]!])) {
    try {
      assert.equal(reader.get(key), `"${key.repeat(200)}"`)
    } catch (error) {
      assert.ok(error instanceof BtkitError, String(error))
      assert.equal(error.message, `state ${path}: i/o error`)
      failures++
    }
  }
  assert.ok(failures > 0)
  reader.release()
})

// Others may rely on what is theirs, whoever can write to it
const unlessRoot = { skip: process.geteuid?.() !== 0 && 'for root alone' }

for (const open of ['', 'published']) {
  test(`no journal is read if all users can write to ./${open}`, unlessRoot, (t) => {
    const { options } = place(t)
    const { stateDirectory } = options
    mkdirSync(join(stateDirectory, 'published'))
    chmodSync(join(stateDirectory, open), 0o777)
    const path = join(stateDirectory, 'published', 'given')
    assert.throws(() => new Journal({ ...options, path }), { code: 'not-permitted' })
  })
}

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

for (const room of [0, 1, 10, 25]) {
  test(`a disk that is full after ${room} bytes costs no line of another process`, async (t) => {
    const { path, options, open } = place(t)
    const journal = open()
    journal.put('a', 1)
    await journal.flush()
    const { writeSync } = fs
    let isFull = true
    t.mock.method(fs, 'writeSync', (file: number, bytes: Uint8Array, offset = 0) => {
      if (!isFull) return writeSync(file, bytes, offset)
      if (offset >= room) throw systemError(-constants.errno.ENOSPC, 'write')
      // Another process adds a line right before
      const other = fs.openSync(path, 'a')
      writeSync(other, lineOf('other', '2'))
      fs.closeSync(other)
      return writeSync(file, bytes, offset, room - offset)
    })
    importMocks(t)
    journal.put('b', 3)
    journal.put('c', 4)
    await assert.rejects(journal.flush(), { code: 'io' })
    const read = () => {
      const reader = new Journal({ ...options, isReadOnly: true })
      const all = Object.fromEntries(reader.entries())
      reader.release()
      return all
    }
    const theirs = room === 0 ? { a: '1' } : { a: '1', other: '2' }
    assert.deepEqual(read(), theirs)
    isFull = false
    for (const [key, value] of [
      ['d', 5],
      ['b', 6],
      ['e', 7],
    ] as const) {
      journal.put(key, value)
      await journal.flush()
    }
    await journal.close()
    assert.deepEqual(read(), { ...theirs, b: '6', c: '4', d: '5', e: '7' })
  })
}
