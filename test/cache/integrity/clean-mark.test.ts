import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { markClosed, markPath, takeMark } from '../../../src/cache/integrity/clean-mark.js'
import { CACHE_FILE, openCache } from '../../../src/cache/open.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no pipes with names here' }

test('a file is like its mark once: whoever opens it takes the mark away', (t) => {
  const path = join(makeScratch(t, { file: 'content' }), 'file')
  assert.equal(takeMark(path), false)
  markClosed(path)
  assert.equal(takeMark(path), true)
  assert.equal(takeMark(path), false)
})

for (const [what, length, at] of [
  ['a short file', 100_000, 54_321],
  ['the beginning of a long file', 3_000_000, 5000],
] as const) {
  test(`a wrong byte in ${what} is seen, though its time is as it was`, (t) => {
    const directory = makeScratch(t, { file: pseudoRandom(length), time: '' })
    const path = join(directory, 'file')
    spawnSync('touch', ['-r', path, join(directory, 'time')])
    markClosed(path)
    writeSync(openSync(path, 'r+'), Buffer.of(0x5a, 0xa5), 0, 2, at)
    spawnSync('touch', ['-r', join(directory, 'time'), path])
    assert.equal(takeMark(path), false)
  })
}

test('a copy in place of a file is not like its mark', (t) => {
  const directory = makeScratch(t, { file: 'content', copy: 'content' })
  const [path, copy] = [join(directory, 'file'), join(directory, 'copy')]
  markClosed(path)
  spawnSync('touch', ['-r', path, copy])
  renameSync(copy, path)
  assert.equal(takeMark(path), false)
})

test('a cache has its mark while nobody has it open', async (t) => {
  const directory = makeScratch(t)
  const mark = markPath(join(directory, CACHE_FILE))
  const open = () => openCache({ directory, now: Date.now, warn: assert.ifError })
  const first = await open()
  const second = await open()
  await first.close()
  assert.equal(existsSync(mark), false)
  await second.close()
  assert.equal(existsSync(mark), true)
  const third = await open()
  assert.equal(existsSync(mark), false)
  await third.close()
  assert.equal(existsSync(mark), true)
})

test('whoever has an old file open does not mark the one that took its place', async (t) => {
  const directory = makeScratch(t)
  const path = join(directory, CACHE_FILE)
  const open = () => openCache({ directory, now: Date.now, warn: assert.ifError })
  const old = await open()
  renameSync(path, `${path}.old`)
  renameSync(`${path}-lock`, `${path}.old-lock`)
  writeFileSync(path, 'the new one')
  await old.close()
  assert.equal(existsSync(markPath(path)), false)
})

test('a mark that became a pipe is none, and is replaced by one', unlessPosix, (t) => {
  const path = join(makeScratch(t, { file: 'content' }), 'file')
  const makePipe = () => spawnSync('mkfifo', [markPath(path)])
  makePipe()
  assert.equal(takeMark(path), false)
  assert.equal(existsSync(markPath(path)), false)
  makePipe()
  markClosed(path)
  assert.equal(takeMark(path), true)
})
