import assert from 'node:assert/strict'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeSetAside, setAside } from '../../../src/cache/integrity/set-aside.js'
import { makeScratch } from '../../support/scratch.js'

const MIB = 1024 * 1024

/** Sets files of these lengths aside, one after the other, and returns the lengths that are kept. */
function keptOf(path: string, lengths: readonly number[]): number[] {
  for (const [i, length] of lengths.entries()) {
    writeFileSync(path, '')
    truncateSync(path, length)
    setAside(path, 900 + i * 60)
  }
  const kept = lengths.map((_, i) => `${path}.damaged-${900 + i * 60}`)
  const names = readdirSync(join(path, '..'))
  return lengths.filter((_, i) => names.some((name) => kept[i]!.endsWith(`/${name}`)))
}

test('the newest two damaged files are kept', (t) => {
  assert.deepEqual(keptOf(join(makeScratch(t), 'file'), [1, 2, 3, 4]), [3, 4])
})

test('of damaged files that are long together, the newest is kept', (t) => {
  assert.deepEqual(keptOf(join(makeScratch(t), 'file'), [200 * MIB, 100 * MIB]), [100 * MIB])
  assert.deepEqual(keptOf(join(makeScratch(t), 'file'), [1, 300 * MIB]), [300 * MIB])
})

test('all of them can be removed, and nothing else is', (t) => {
  const directory = makeScratch(t, { other: 'mine', 'file.damaged-1': '', 'file.damaged-2': '' })
  assert.equal(removeSetAside(join(directory, 'file')), 2)
  assert.deepEqual(readdirSync(directory), ['other'])
  assert.equal(readFileSync(join(directory, 'other'), 'utf8'), 'mine')
  assert.equal(removeSetAside(join(directory, 'nowhere', 'file')), 0)
})
