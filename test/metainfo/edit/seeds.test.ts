import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeSeeds, setSeeds } from '../../../src/metainfo/edit/seeds.js'
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

for (const [what, before, change, after] of [
  ['added at the end', [A], { remove: [], add: [B] }, [A, B]],
  ['added once', [A], { remove: [], add: [B, A, B] }, [A, B]],
  ['added to none', undefined, { remove: [], add: [B] }, [B]],
  ['removed', [A, B], { remove: [A], add: [] }, [B]],
  ['removed wherever they are', [A, B, A], { remove: [A], add: [] }, [B]],
  ['removed to the last, with their key', [A], { remove: [A], add: [] }, undefined],
  ['removed and added again', [A, B], { remove: [A], add: [A] }, [B, A]],
] as const) {
  test(`single seeds are ${what}`, () => {
    const old = torrentWith({ 'url-list': before && [...before] })
    const now = edited(old, changeSeeds('url-list', change))
    assert.deepEqual(now.bytes, torrentWith({ 'url-list': after && [...after] }).bytes)
  })
}

for (const seeds of [A, [A], [A, A]]) {
  test(`seeds of which none is to change stay as they are: ${JSON.stringify(seeds)}`, () => {
    const old = torrentWith({ 'url-list': seeds })
    assert.equal(edited(old, changeSeeds('url-list', { remove: [B], add: [A] })), old)
  })
}
