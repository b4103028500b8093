import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommonRequest } from '../../../src/core/complete/request.js'
import { digestOptions, isSameCreator } from '../../../src/core/complete/unchanged.js'
import { makeRequest } from '../requests.js'

const PLAIN = makeRequest('')

const EXISTING = { asked: [], remake: false, keepTrackers: false }

function digest(common: CommonRequest): Uint8Array {
  return digestOptions({ common, existing: EXISTING })
}

function isSame(changes: Partial<CommonRequest>): boolean {
  return Buffer.compare(digest(PLAIN), digest({ ...PLAIN, ...changes })) === 0
}

/** Options, and whether torrents have to be looked at again because of them. */
const OPTIONS: readonly (readonly [
  what: string,
  changes: Partial<CommonRequest>,
  same: boolean,
])[] = [
  ['nothing', {}, true],
  ['another date', { creationDate: 5 }, true],
  ['another comment', { parts: { ...PLAIN.parts, comment: 'x' } }, false],
  ['another creator', { parts: { ...PLAIN.parts, createdBy: 'me' } }, false],
  ['the private flag', { private: true }, false],
  ['a source tag', { sourceTag: 'x' }, false],
  ['another piece length', { pieceLength: 'auto' }, false],
  ['another key', { parts: { ...PLAIN.parts, extraKeys: new Map([['a', 1]]) } }, false],
  ['another key of info', { extraKeys: new Map([['a', 1]]) }, false],
  ['no other keys', { extraKeys: new Map() }, true],
  ['attributes', { scan: { ...PLAIN.scan, attributes: true } }, false],
  ['a mode', { write: { mode: 0o644 } }, false],
  ['an owner', { write: { owner: { uid: 1, gid: 1 } } }, false],
]

for (const [what, changes, same] of OPTIONS) {
  test(`${what} is ${same ? 'no' : 'a'} reason to look at torrents again`, () => {
    assert.equal(isSame(changes), same)
  })
}

test('versions of btkit mean the same creator, and other programs do not', () => {
  assert.ok(isSameCreator('btkit 0.1.0', 'btkit 2.3.4'))
  assert.ok(isSameCreator('me', 'me'))
  assert.ok(isSameCreator(null, null))
  assert.ok(!isSameCreator('btkit 0.1.0', 'btkit 0.1.0 by me'))
  assert.ok(!isSameCreator('btkit 0.1.0', null))
  assert.ok(!isSameCreator('btkitten 1', 'btkit 1'))
})
