import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CatalogueIndex } from '../../../src/tracker/catalogue/catalogue-index.js'
import { Category } from '../../../src/tracker/catalogue/category.js'
import type { AllowedTorrent } from '../../../src/tracker/allowed/known-torrent.js'
import { random } from '../../support/random.js'

const ROOTS = [
  { path: '/t', isArchive: false },
  { path: '/t/old', isArchive: true },
]
const SORTS = ['name', 'size', 'added'] as const

function torrentOf(number: number, { path, size }: { path: string | null; size: number }) {
  const infoHash = number.toString(16).padStart(40, '0')
  const name = `Name ${(number * 7919) % 1000} ${number}`
  const metainfo = {
    ...{ infoHash, infoHashV2: null, name, size, fileCount: 1, private: false, path },
    state: null,
    addedMs: size + number,
  }
  return { infoHash, metainfo, failure: null, warning: null, trackers: [] }
}

/** All that lists are made of. */
async function contentsOf(index: CatalogueIndex) {
  const orders = []
  for (const sort of SORTS) {
    const order = await index.order(sort)
    orders.push(order.map(({ text, category }) => `${text} ${category.path.join('/')}`))
  }
  const tops = [index.current, index.archive].map((top) => {
    const children = [...top.children].map(([name, { torrents, size }]) => [name, torrents, size])
    return [top.torrents, top.size, top.newestMs, children.sort()]
  })
  return { orders, tops }
}

test('an index made from the previous one is like one made from the torrents', async () => {
  const below = (end: number) => Math.floor(random() * end)
  const paths = [null, '/t/x.torrent', '/t/a/x.torrent', '/t/old/a/x.torrent']
  const torrents = new Map<string, AllowedTorrent>()
  let previous: CatalogueIndex | null = null
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 20; i++) {
      const number = below(100)
      const path = paths[below(4)] ?? null
      // Sizes are distinct, so that there is one order
      const torrent = torrentOf(number, { path, size: 1000 * number + below(1000) })
      if (below(3) === 0) torrents.delete(torrent.infoHash)
      else torrents.set(torrent.infoHash, torrent)
    }
    const index: CatalogueIndex = await CatalogueIndex.build(torrents, ROOTS, previous)
    const found = await contentsOf(index)
    assert.deepEqual(found, await contentsOf(await CatalogueIndex.build(torrents, ROOTS)))
    // Some orders are never asked for
    previous = below(2) === 0 ? index : await CatalogueIndex.build(torrents, ROOTS, previous)
  }
})

test('the newest torrents are found without a walk over all others', async () => {
  const torrents = new Map<string, AllowedTorrent>()
  for (let number = 0; number < 3000; number++) {
    const path = number < 3 ? '/t/few/x.torrent' : '/t/x.torrent'
    const torrent = torrentOf(number, { path, size: 0 })
    torrents.set(torrent.infoHash, torrent)
  }
  const index = await CatalogueIndex.build(torrents, ROOTS)
  const looksAt = async (category: Category) => {
    let looks = 0
    category.holds = (other) => {
      looks += 1
      return Category.prototype.holds.call(category, other)
    }
    const newest = await index.newest(category, 20)
    return { looks, newest: newest.map(({ summary }) => summary.addedMs) }
  }
  const { looks, newest } = await looksAt(index.current)
  assert.deepEqual(
    newest,
    Array.from({ length: 20 }, (_, n) => 2999 - n),
  )
  assert(looks <= 100, `${looks} looks`)
  const few = index.current.find(['few'])
  assert(few)
  assert.deepEqual((await looksAt(few)).newest, [2, 1, 0])
  // Found once, they are kept
  assert.deepEqual(await looksAt(few), { looks: 0, newest: [2, 1, 0] })
})
