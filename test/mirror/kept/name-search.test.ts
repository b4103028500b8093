import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NameIndex } from '../../../src/mirror/kept/name-index.js'
import { NameSearch } from '../../../src/mirror/kept/name-search.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

test('the first search waits for all names, and each minute they are read again, once', async (t) => {
  const root = makeScratch(t, { '1': '' })
  let minutes = 0
  t.mock.method(process, 'hrtime', () => [60 * minutes, 0])
  const read = t.mock.method(NameIndex.prototype, 'read')
  const mirror = { root, hidden: false, followSymlinks: false }
  const errors: unknown[] = []
  const search = new NameSearch(mirror, (error) => errors.push(error), 60_000)
  assert.equal(search.names, null)
  for (; minutes < 3; minutes++) {
    await search.get()
    assert.equal(search.names, Math.max(1, minutes))
    await until('they are read again', () => search.names === minutes + 1)
    await search.get()
    assert.equal(read.mock.callCount(), minutes + 1)
    writeFileSync(join(root, `${minutes + 2}`), '')
  }
  const failure = new Error('the disk is gone')
  read.mock.mockImplementationOnce(() => Promise.reject(failure))
  await search.get()
  await until('the failure is told', () => errors.includes(failure))
  assert.deepEqual([search.names, errors.length], [3, 1])
})

test('without a mirror there are no names', async () => {
  let told = 0
  const search = new NameSearch(null as never, () => void told++, 60_000)
  await search.get()
  assert.deepEqual([search.names, told], [0, 1])
})
