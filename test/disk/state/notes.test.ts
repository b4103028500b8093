import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readNote, writeNote } from '../../../src/disk/state/notes.js'
import { makeScratch } from '../../support/scratch.js'

const KIND = { kind: 'reported', key: 'runs' } as const

// Others may rely on what is theirs, whoever can write to it
const unlessRoot = { skip: process.geteuid?.() !== 0 && 'for root alone' }

test('no note is written where others could write, as none is read from there', unlessRoot, (t) => {
  const [stateDirectory, elsewhere] = [makeScratch(t), makeScratch(t)]
  const place = { stateDirectory, ...KIND }
  mkdirSync(join(elsewhere, 'open'))
  chmodSync(join(elsewhere, 'open'), 0o777)
  symlinkSync(join(elsewhere, 'open'), join(stateDirectory, 'reported'))
  writeNote(place, { seen: 'all', report: 1 })
  assert.equal(readNote(place), null)
  assert.deepEqual(readdirSync(join(elsewhere, 'open')), [])
})

test('a note of ten thousand files of a list is read as it was written', (t) => {
  const place = {
    stateDirectory: makeScratch(t),
    kind: 'listed',
    key: 'https://x.example/',
  } as const
  const files = Array.from({ length: 10_000 }, (_, i) => [`${i}`, 'x'.repeat(300)])
  writeNote(place, files)
  assert.deepEqual(readNote(place), files)
  assert.equal(readNote({ ...place, key: 'https://y.example/' }), null)
})
