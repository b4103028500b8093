import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setSeeds } from '../../../src/metainfo/edit/lists.js'
import { edited, torrentWith } from './edited.js'

const A = 'http://a.example/'
const B = 'http://b.example/'

for (const key of ['httpseeds', 'url-list'] as const) {
  test(`${key} are set, replaced and removed`, () => {
    const bare = torrentWith({})
    const set = edited(bare, setSeeds(key, [A, B]))
    assert.deepEqual(set.bytes, torrentWith({ [key]: [A, B] }).bytes)
    const replaced = edited(set, setSeeds(key, [B]))
    assert.deepEqual(replaced.bytes, torrentWith({ [key]: [B] }).bytes)
    assert.deepEqual(edited(replaced, setSeeds(key, null)).bytes, bare.bytes)
    assert.equal(edited(bare, setSeeds(key, null)), bare)
  })

  test(`${key} that stand as a plain string are a list of one`, () => {
    const plain = torrentWith({ [key]: A })
    assert.equal(edited(plain, setSeeds(key, [A])), plain)
    const other = edited(plain, setSeeds(key, [B]))
    assert.deepEqual(other.bytes, torrentWith({ [key]: [B] }).bytes)
  })

  test(`${key} that are an empty string or nonsense are removed too`, () => {
    for (const odd of ['', 5]) {
      const after = edited(torrentWith({ [key]: odd }), setSeeds(key, null))
      assert.deepEqual(after.bytes, torrentWith({}).bytes)
    }
  })
}
