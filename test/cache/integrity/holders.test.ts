import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { holdFile, inodeOf, isHeld, notesOf } from '../../../src/cache/integrity/holders.js'
import { makeScratch } from '../../support/scratch.js'

test('a file is held until all who hold it release it', (t) => {
  const path = join(makeScratch(t, { file: '' }), 'file')
  const inode = inodeOf(path)
  assert.equal(isHeld(path, inode), false)
  const releases = [holdFile(path, inode), holdFile(path, inode)]
  assert.equal(isHeld(path, inode), true)
  releases[0]!()
  assert.equal(isHeld(path, inode), true)
  releases[1]!()
  assert.equal(isHeld(path, inode), false)
  assert.deepEqual(notesOf(path), [])
})

test('who holds a file that was replaced does not hold the new one', (t) => {
  const path = join(makeScratch(t, { file: '' }), 'file')
  t.after(holdFile(path, inodeOf(path) + 1n))
  assert.equal(isHeld(path, inodeOf(path)), false)
})

test('a process that ended holds nothing, and its note is removed', (t) => {
  const path = join(makeScratch(t, { file: '' }), 'file')
  const { pid } = spawnSync(process.execPath, ['--version'])
  const note = `${path}-open-${pid}-1`
  writeFileSync(note, `${inodeOf(path)} 12345`)
  assert.equal(isHeld(path, inodeOf(path)), false)
  assert.equal(existsSync(note), false)
})

test(
  'a process that has the ID of one that ended holds nothing',
  { skip: !existsSync('/proc/self/stat') && 'no /proc here' },
  (t) => {
    const path = join(makeScratch(t, { file: '' }), 'file')
    writeFileSync(`${path}-open-${process.pid}-1`, `${inodeOf(path)} 12345`)
    assert.equal(isHeld(path, inodeOf(path)), false)
  },
)
