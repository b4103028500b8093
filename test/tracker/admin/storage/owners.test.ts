import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Owners } from '../../../../src/tracker/admin/storage/collection.js'
import { makeScratch } from '../../../support/scratch.js'

const HASH = 'a'.repeat(40)

/** Opens the records of a directory. */
function open(directory: string, warn: (message: string) => void = assert.ifError) {
  return new Owners({ stateDirectory: directory, now: () => 1, warn })
}

test('records with a damaged beginning stay, and a copy of the file is kept', async (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const added = { path: '/t/a.torrent', infoHash: HASH }
  await open(directory).add([added], 'bob')
  const damaged = `\0${readFileSync(path, 'utf8').slice(1)}`
  writeFileSync(path, damaged)
  const warnings: string[] = []
  const owners = open(directory, (message) => warnings.push(message))
  assert.equal(owners.of(added), 'bob')
  await owners.forget(['/t/none'])
  assert.match(
    warnings.join(),
    /^state [^\n]+added\.jsonl: damaged, kept as added\.jsonl\.damaged-1/,
  )
  assert.equal(readFileSync(`${path}.damaged-1`, 'utf8'), damaged)
  assert.equal(open(directory).of(added), 'bob')
})

test('changes are appended, and the file stays small', async (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const owners = open(directory)
  await owners.add([{ path: '/t/a', infoHash: HASH }], 'bob')
  const { ino, size } = statSync(path)
  await owners.add([{ path: '/t/x/b', infoHash: HASH }], 'uli')
  await owners.copy('/t/x', '/t/.bin/1')
  await owners.forget(['/t/x'])
  assert.equal(statSync(path).ino, ino)
  assert.ok(statSync(path).size > size)
  const known = () => {
    const again = open(directory)
    return ['/t/a', '/t/x/b', '/t/.bin/1/b'].map((each) => again.lastAt(each))
  }
  assert.deepEqual(known(), ['bob', null, 'uli'])
  for (let i = 0; i < 600; i++) {
    await owners.copy('/t/.bin/1', '/t/x')
    await owners.forget(['/t/x', '/t/none'])
  }
  assert.deepEqual(known(), ['bob', null, 'uli'])
  assert.ok(readFileSync(path, 'utf8').split('\n').length < 1100)
})
