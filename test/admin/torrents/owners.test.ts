import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Owners } from '../../../src/admin/torrents/owners.js'
import { makeScratch } from '../../support/scratch.js'

test('records with a damaged beginning are refused, because an addition would replace them', (t) => {
  const directory = makeScratch(t, {})
  const path = join(directory, 'added.jsonl')
  const added = { path: '/t/a.torrent', infoHash: 'a'.repeat(40) }
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
