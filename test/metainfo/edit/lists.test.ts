import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeSeeds, type ListSteps } from '../../../src/metainfo/edit/lists.js'
import { bencodable, type Plain } from '../../support/torrents.js'
import { edited, torrentWith } from './edited.js'

const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']

function steps(changes: Partial<ListSteps<Plain>>) {
  const { set = null, remove = [], add = [] } = changes
  const encode = (list: readonly Plain[]) => list.map(bencodable)
  return {
    set: set && encode(set),
    remove: encode(remove),
    add: encode(add),
  }
}

type Case = [
  what: string,
  before: readonly string[] | undefined,
  change: Partial<ListSteps<string>>,
  after: readonly string[] | undefined,
]

const CASES: Case[] = [
  ['added at the end', [A], { add: [B] }, [A, B]],
  ['added once', [A], { add: [B, A, B] }, [A, B]],
  ['added to none', undefined, { add: [B] }, [B]],
  ['removed', [A, B], { remove: [A] }, [B]],
  ['removed wherever they are', [A, B, A], { remove: [A] }, [B]],
  ['removed to the last, with their key', [A], { remove: [A] }, undefined],
  ['removed and added again', [A, B], { remove: [A], add: [A] }, [B, A]],
  ['replaced', [A, B], { set: [C, A] }, [C, A]],
  ['replaced by none', [A, B], { set: [] }, undefined],
  ['replaced, then added to', [A], { set: [B], add: [C] }, [B, C]],
]

for (const [what, before, change, after] of CASES) {
  test(`entries are ${what}`, () => {
    const old = torrentWith({ 'url-list': before && [...before] })
    const now = edited(old, changeSeeds('url-list', steps(change)))
    assert.deepEqual(now.bytes, torrentWith({ 'url-list': after && [...after] }).bytes)
  })
}

for (const seeds of [A, [A], [A, A]]) {
  test(`a list of which nothing is to change stays as it is: ${JSON.stringify(seeds)}`, () => {
    const old = torrentWith({ 'url-list': seeds })
    assert.equal(edited(old, changeSeeds('url-list', steps({ remove: [B], add: [A] }))), old)
  })
}

test('entries that are no text, or make no sense, stay as they are', () => {
  const odd = Buffer.from('\xff\xfe', 'latin1')
  const old = torrentWith({ 'url-list': [odd, 5, { a: 1 }] })
  const now = edited(old, changeSeeds('url-list', steps({ add: [A] })))
  assert.deepEqual(now.bytes, torrentWith({ 'url-list': [odd, 5, { a: 1 }, A] }).bytes)
})
