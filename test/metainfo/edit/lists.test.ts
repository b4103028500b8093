import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeList, type ListSteps } from '../../../src/metainfo/edit/lists.js'
import { bencodable, singleFileInfo, type Plain } from '../../support/torrents.js'
import { edited, torrentWith } from './edited.js'

const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']

function steps(changes: Partial<ListSteps<Plain>>) {
  const { set = null, remove = [], prepend = [], add = [] } = changes
  const encode = (list: readonly Plain[]) => list.map(bencodable)
  return {
    set: set && encode(set),
    remove: encode(remove),
    prepend: encode(prepend),
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
  ['put first', [A, B], { prepend: [C] }, [C, A, B]],
  ['put first from where they are', [A, B, C], { prepend: [C, B] }, [C, B, A]],
  ['put first and not added again', [A], { prepend: [B], add: [B] }, [B, A]],
  ['replaced', [A, B], { set: [C, A] }, [C, A]],
  ['replaced by none', [A, B], { set: [] }, undefined],
  ['replaced, then added to', [A], { set: [B], add: [C], prepend: [A] }, [A, B, C]],
]

for (const [what, before, change, after] of CASES) {
  test(`entries are ${what}`, () => {
    const old = torrentWith({ 'url-list': before && [...before] })
    const now = edited(old, changeList('url-list', steps(change)))
    assert.deepEqual(now.bytes, torrentWith({ 'url-list': after && [...after] }).bytes)
  })
}

for (const seeds of [A, [A], [A, A]]) {
  test(`a list of which nothing is to change stays as it is: ${JSON.stringify(seeds)}`, () => {
    const old = torrentWith({ 'url-list': seeds })
    assert.equal(edited(old, changeList('url-list', steps({ remove: [B], add: [A] }))), old)
  })
}

test('entries that are no text, or make no sense, stay as they are', () => {
  const odd = Buffer.from('\xff\xfe', 'latin1')
  const old = torrentWith({ 'url-list': [odd, 5, { a: 1 }] })
  const now = edited(old, changeList('url-list', steps({ add: [A] })))
  assert.deepEqual(now.bytes, torrentWith({ 'url-list': [odd, 5, { a: 1 }, A] }).bytes)
})

test('DHT nodes are told by host and port', () => {
  const old = torrentWith({
    nodes: [
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ],
  })
  const now = edited(old, changeList('nodes', steps({ remove: [['a', 2]], add: [['c', 3]] })))
  assert.deepEqual(now.nodes, [
    { host: 'a', port: 1 },
    { host: 'b', port: 1 },
    { host: 'c', port: 3 },
  ])
})

test('what is new of BEP 38 goes beside info, and the info hash stays', () => {
  const old = torrentWith({}, singleFileInfo({ collections: ['in'] }))
  const now = edited(old, changeList('collections', steps({ add: ['new', 'in'] })))
  const info = singleFileInfo({ collections: ['in'] })
  assert.deepEqual(now.bytes, torrentWith({ collections: ['new'] }, info).bytes)
  assert.equal(now.infoHash, old.infoHash)
})

test('what is taken out of BEP 38 goes from inside info too', () => {
  const old = torrentWith({ collections: ['a', 'b'] }, singleFileInfo({ collections: ['a', 'c'] }))
  const now = edited(old, changeList('collections', steps({ remove: ['a'] })))
  assert.deepEqual(now.collections, ['c', 'b'])
  const replaced = edited(old, changeList('collections', steps({ set: ['c', 'd'] })))
  assert.deepEqual(replaced.collections, ['c', 'd'])
  const none = edited(old, changeList('collections', steps({ set: [] })))
  assert.deepEqual(none.bytes, torrentWith({}).bytes)
})
