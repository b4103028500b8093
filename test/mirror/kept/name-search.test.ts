import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NameSearch } from '../../../src/mirror/kept/name-search.js'
import { makeScratch } from '../../support/scratch.js'

test('the first search waits for all names, and without a mirror there are none', async (t) => {
  const root = makeScratch(t, { a: '', b: '' })
  const mirror = { root, hidden: false, followSymlinks: false }
  for (const [place, names] of [
    [mirror, 2],
    [null as never, 0],
  ] as const) {
    let told = 0
    const search = new NameSearch(place, () => void told++, 60_000)
    assert.equal(search.names, null)
    await search.get()
    assert.deepEqual([search.names, told], [names, names === 0 ? 1 : 0])
  }
})
