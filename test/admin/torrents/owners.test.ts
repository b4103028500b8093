import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Owners } from '../../../src/admin/torrents/owners.js'
import { makeScratch } from '../../support/scratch.js'

const HASH = 'a'.repeat(40)

test('records with a damaged beginning are refused, because an addition would replace them', (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const added = { path: '/t/a.torrent', infoHash: HASH }
  new Owners(directory).add([added], 'bob')
  assert.equal(new Owners(directory).of(added), 'bob')
  const damaged = `\0${readFileSync(path, 'utf8').slice(1)}`
  writeFileSync(path, damaged)
  assert.throws(() => new Owners(directory), {
    code: 'io',
    message: `state ${path}: not written by btkit; restore it, or move it away`,
  })
  assert.equal(readFileSync(path, 'utf8'), damaged)
})

test('an empty file has no records', (t) => {
  const directory = makeScratch(t, { 'added.jsonl': '' })
  assert.equal(new Owners(directory).lastAt('/t/a.torrent'), null)
})

test('changes are appended, and the file stays small', (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const owners = new Owners(directory)
  owners.add([{ path: '/t/a', infoHash: HASH }], 'bob')
  const { ino, size } = statSync(path)
  owners.add([{ path: '/t/x/b', infoHash: HASH }], 'uli')
  owners.copy('/t/x', '/t/.bin/1')
  owners.forget(['/t/x'])
  assert.equal(statSync(path).ino, ino)
  assert.ok(statSync(path).size > size)
  const known = () => {
    const again = new Owners(directory)
    return ['/t/a', '/t/x/b', '/t/.bin/1/b'].map((each) => again.lastAt(each))
  }
  assert.deepEqual(known(), ['bob', null, 'uli'])
  for (let i = 0; i < 600; i++) {
    owners.copy('/t/.bin/1', '/t/x')
    owners.forget(['/t/x', '/t/none'])
  }
  assert.deepEqual(known(), ['bob', null, 'uli'])
  assert.ok(readFileSync(path, 'utf8').split('\n').length < 1100)
})

test('a file that was cut off in its last row keeps the others, and is appended to', (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const owners = new Owners(directory)
  for (const name of ['/t/a', '/t/b']) owners.add([{ path: name, infoHash: HASH }], 'bob')
  const whole = readFileSync(path)
  const lastRow = whole.lastIndexOf('\n', -2) + 1
  for (let length = lastRow; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    const cut = new Owners(directory)
    for (const name of ['/t/c', '/t/d']) cut.add([{ path: name, infoHash: HASH }], 'uli')
    const again = new Owners(directory)
    assert.deepEqual(
      ['/t/a', '/t/c', '/t/d'].map((each) => again.lastAt(each)),
      ['bob', 'uli', 'uli'],
      `cut at ${length}`,
    )
  }
})

test('a file that was removed meanwhile is written again as a whole', (t) => {
  const directory = makeScratch(t, {})
  const owners = new Owners(directory)
  owners.add([{ path: '/t/a', infoHash: HASH }], 'bob')
  rmSync(join(directory, 'added.jsonl'))
  owners.add([{ path: '/t/b', infoHash: HASH }], 'bob')
  const again = new Owners(directory)
  assert.deepEqual([again.lastAt('/t/a'), again.lastAt('/t/b')], ['bob', 'bob'])
})
