import assert from 'node:assert/strict'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { markPath } from '../../../src/cache/integrity/clean-mark.js'
import { OpenedFile } from '../../../src/cache/integrity/opened-file.js'
import { CACHE_FILE, openCache } from '../../../src/cache/open.js'
import { makeScratch } from '../../support/scratch.js'

function open(directory: string) {
  return openCache({ directory, now: Date.now, warn: assert.ifError })
}

test('who has a file open that was set aside does not vouch for the one in its place', async (t) => {
  const directory = makeScratch(t)
  const path = join(directory, CACHE_FILE)
  const cache = await open(directory)
  renameSync(path, `${path}.damaged-1`)
  // One that a process which crashed on it has left
  writeFileSync(path, 'not closed')
  await cache.close()
  assert.equal(existsSync(markPath(path)), false)
})

test('nor does who has one open that was removed, though the new one may get its number', (t) => {
  const path = join(makeScratch(t, { file: 'old' }), 'file')
  for (let i = 0; i < 20; i++) {
    const opened = new OpenedFile(path)
    rmSync(path)
    writeFileSync(path, 'not closed')
    opened.close(true)
    assert.equal(existsSync(markPath(path)), false)
  }
})

test('the last of those who have a file open marks it as closed, unless it failed', (t) => {
  const path = join(makeScratch(t, { file: 'content' }), 'file')
  const [first, second, third] = [0, 1, 2].map(() => new OpenedFile(path))
  first!.close(true)
  second!.close(true)
  assert.equal(existsSync(markPath(path)), false)
  third!.close(true)
  assert.ok(existsSync(markPath(path)))
  rmSync(markPath(path))
  new OpenedFile(path).close(false)
  assert.equal(existsSync(markPath(path)), false)
})
