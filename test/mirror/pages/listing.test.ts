import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatListingQuery,
  Listing,
  type ListingQuery,
  type ListingRow,
  parseListingQuery,
  sortByName,
} from '../../../src/mirror/pages/listing.js'
import { naturalKey } from '../../../src/base/text/natural-order.js'

const noPause = () => Promise.resolve()

const USUAL: ListingQuery = {
  sort: 'name',
  isDescending: false,
  filter: '',
  page: 1,
  isJson: false,
}

function file(name: string, size = 1, modified = 0): ListingRow {
  return { name, isDirectory: false, size, modified }
}

function directory(name: string, modified = 0): ListingRow {
  return { name, isDirectory: true, size: 0, modified }
}

async function listingOf(rows: readonly ListingRow[]): Promise<Listing> {
  const sorted = await sortByName(rows, noPause)
  return new Listing({
    directories: sorted.filter(({ isDirectory }) => isDirectory),
    files: sorted.filter(({ isDirectory }) => !isDirectory),
    readme: null,
    taken: new Set(),
    isCut: false,
    unnameable: 0,
    digest: '',
  })
}

async function namesOn(listing: Listing, query: Partial<ListingQuery>, length = 100) {
  const { rows } = await listing.page({ ...USUAL, ...query }, length, noPause)
  return rows.map(({ name }) => name).join(' ')
}

test('names are sorted with numbers by value, whatever their case', async () => {
  const names = ['v1.10', 'V1.9', 'b', 'A', 'a', 'v1.9a', 'v01.9', '10', '9', 'é', '007', '7']
  const sorted = await sortByName(
    names.map((name) => file(name)),
    noPause,
  )
  assert.equal(
    sorted.map(({ name }) => name).join(' '),
    '007 7 9 10 A a b V1.9 v01.9 v1.9a v1.10 é',
  )
  const long = '9'.repeat(200)
  assert(naturalKey(`a${long}`) < naturalKey(`a1${long}`))
})

test('directories come first, whatever the sort key and direction', async () => {
  const listing = await listingOf([
    file('a', 3, 10),
    directory('z', 5),
    file('b', 1, 30),
    directory('y', 9),
    file('c', 2, 20),
  ])
  assert.equal(await namesOn(listing, {}), 'y z a b c')
  assert.equal(await namesOn(listing, { isDescending: true }), 'z y c b a')
  assert.equal(await namesOn(listing, { sort: 'size' }), 'y z b c a')
  assert.equal(await namesOn(listing, { sort: 'size', isDescending: true }), 'z y a c b')
  assert.equal(await namesOn(listing, { sort: 'date' }), 'z y a c b')
  assert.equal(await namesOn(listing, { sort: 'date', isDescending: true }), 'y z b c a')
})

test('the pages together contain all rows exactly once, in both directions', async () => {
  const rows = [...Array(7).keys()].map((i) => directory(`d${i}`))
  const files = [...Array(12).keys()].map((i) => file(`f${i}`))
  const listing = await listingOf([...rows, ...files])
  for (const isDescending of [false, true]) {
    const whole = await namesOn(listing, { isDescending })
    const parts = [1, 2, 3, 4].map((page) => namesOn(listing, { isDescending, page }, 5))
    assert.equal((await Promise.all(parts)).join(' '), whole)
  }
  const last = await listing.page({ ...USUAL, page: 99 }, 5, noPause)
  assert.deepEqual([last.page, last.pages, last.directories, last.files], [4, 4, 7, 12])
})

test('entries that changed since are sorted by their size and date now', async () => {
  const rows = [file('a', 1, 10), file('b', 2, 20), file('c', 3, 30)]
  const listing = await listingOf(rows)
  assert.equal(await namesOn(listing, { sort: 'size' }), 'a b c')
  listing.note(rows[0]!, { size: 9, modified: 40 })
  assert.equal(await namesOn(listing, { sort: 'size' }), 'b c a')
  assert.equal(await namesOn(listing, { sort: 'date' }), 'b c a')
  assert.equal((await listing.page(USUAL, 10, noPause)).size, 14)
})

test('a filter keeps names that contain its text, and counts them', async () => {
  const listing = await listingOf([directory('Debian'), file('debian.iso', 7), file('x', 100)])
  const page = await listing.page({ ...USUAL, filter: 'DEBIAN' }, 10, noPause)
  assert.deepEqual([page.directories, page.files, page.size], [1, 1, 7])
  assert.equal(await namesOn(listing, { filter: 'nowhere' }), '')
})

test('100,000 rows are sorted with a pause after each thousand or so', async () => {
  const rows = [...Array(100_000).keys()].map((i) => file(`f${(i * 7919) % 100_000}`, i))
  let pauses = 0
  const pause = () => {
    pauses++
    return Promise.resolve()
  }
  const sorted = await sortByName(rows, pause)
  assert.equal(sorted[2]?.name, 'f2')
  assert.equal(sorted.at(-1)?.name, 'f99999')
  // Once for the keys and once for the runs; then 7 merges with larger steps
  assert(pauses > 300, String(pauses))
})

test('an empty or invalid query gets the defaults', () => {
  const queries = ['/', '/?', '/?sort=colour&order=up&page=-1', '/?page=1e9&sort', '/?%&page=x']
  for (const url of queries) assert.deepEqual(parseListingQuery(url), USUAL, url)
})

test('a formatted query is read back the same', () => {
  for (const url of ['./', '?sort=size&order=desc&filter=a+%26%22%3C&page=3', '?json&page=2']) {
    assert.equal(formatListingQuery(parseListingQuery(url)), url)
  }
})
