import assert from 'node:assert/strict'
import { mkdirSync, realpathSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { locateFile } from '../../src/fleet/shares.js'
import { makeScratch, plantLinks } from '../support/scratch.js'

/** A share with the file `a` of 3 bytes, and a secret beside the share. */
function makeShare(t: TestContext) {
  const scratch = realpathSync(makeScratch(t, { 'share/a': 'abc', secret: 'abc' }))
  const directory = join(scratch, 'share')
  for (const path of ['share/a', 'secret'])
    utimesSync(join(scratch, path), 1_690_000_000.5, 1_690_000_000.5)
  plantLinks(directory, { out: '../secret', up: '..', in: 'a' })
  mkdirSync(join(directory, 'd'))
  const rules = { shares: [{ name: 's', directory }] }
  const file = { share: 's', path: 'a', size: 3, mtime: '1690000000500000000' }
  return {
    directory,
    find: (change: Partial<typeof file>) => locateFile({ ...file, ...change }, rules),
  }
}

test('a file is found below its share, also through a link that stays inside', (t) => {
  const { directory, find } = makeShare(t)
  for (const path of ['a', 'in']) assert.equal(find({ path }).absolutePath, join(directory, 'a'))
})

test('a file with another time is refused', (t) => {
  const { find } = makeShare(t)
  const why = /s:a: size or modification time differs on this machine/
  assert.throws(() => find({ mtime: '1690000000500000001' }), why)
})

for (const path of [
  '../secret',
  'd/../../secret',
  '/etc/passwd',
  'd//a',
  '.',
  '',
  'a\0',
  'out',
  'up/secret',
]) {
  test(`no file outside of the share is read: ${JSON.stringify(path)}`, (t) => {
    const { find } = makeShare(t)
    assert.throws(() => find({ path }), { code: 'unsafe-path' })
  })
}

test('missing files, directories and unknown shares are refused with the reason', (t) => {
  const { find } = makeShare(t)
  assert.throws(() => find({ path: 'b' }), /s:b: missing here/)
  assert.throws(() => find({ path: 'd' }), /s:d: not a regular file here/)
  assert.throws(() => find({ share: 'x' }), /x:a: this machine has no --share of this name/)
  assert.throws(() => find({ size: 4 }), /s:a: size or modification time differs on this machine/)
})
