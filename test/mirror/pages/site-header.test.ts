import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTHING } from '../../../src/page-parts/results.js'
import { checkTracker } from '../../../src/metainfo/trackers.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import {
  type HeaderOptions,
  siteFrame,
  type SitePlace,
  torrentPage,
} from '../../../src/mirror/pages/site-header.js'

const PLAIN: HeaderOptions = {
  files: true,
  listings: true,
  warm: null,
  ownTracker: null,
  publicUrl: null,
  siteName: null,
  look: {},
}

const PAGE = 'http://t.example:6969/'
const tracker = {
  url: checkTracker(`${PAGE}announce`),
  page: PAGE,
  announceAt: null,
  has: () => false,
  banned: () => new Set<InfoHash>(),
  add: () => undefined,
  remove: () => undefined,
  countsOf: () => null,
  monthOf: () => null,
  search: () => Promise.resolve(NOTHING),
}

function menuOf(options: Partial<HeaderOptions>, place: Pick<SitePlace, 'current'> = {}) {
  const { text } = siteFrame({ ...PLAIN, ...options }, { root: '../', ...place }).header
  const links = [...text.matchAll(/<a href="([^"]*)"\s*(aria-current="page")?>([^<]*)</g)]
  return links.map(([, address, isCurrent, title]) => `${title}${isCurrent ? '*' : ''} ${address}`)
}

test('the header leads to what is on', () => {
  assert.deepEqual(menuOf({}), ['Files* .././', 'Status .././-/status'])
  assert.deepEqual(menuOf({ listings: false }), ['Status .././-/status'])
  assert.deepEqual(menuOf({ files: false }), ['Status .././-/status'])
  assert.deepEqual(menuOf({ ownTracker: tracker }, { current: { folder: [] } }), [
    'Files* .././',
    `Torrents ${PAGE}catalogue/`,
    'Status .././-/status',
  ])
  const atAnyHost = { ...tracker, page: null, announceAt: () => tracker.url }
  assert.equal(menuOf({ ownTracker: atAnyHost })[1], 'Torrents .././-/torrents')
})

test('the header has the name of the mirror', () => {
  const publicUrl = 'https://mirror.example.org:8443/pub'
  const place = { root: '', current: 'status' } as const
  const { text } = siteFrame({ ...PLAIN, publicUrl }, place).header
  assert.match(text, /class="brand" href="\.\/">.*mirror\.example\.org:8443<\/a>/s)
  const named = siteFrame({ ...PLAIN, publicUrl, siteName: 'Ours & <Co>' }, place)
  assert.match(named.header.text, /Ours &amp; &lt;Co&gt;<\/a>/)
})

test('the page of a swarm is that of the tracker, or leads to it at the host of the request', () => {
  const hash = 'ab'.repeat(20) as InfoHash
  const own = torrentPage({ ownTracker: tracker }, hash, '../')
  assert.equal(own, `${tracker.page}torrent?info_hash=${hash}`)
  const atAnyHost = { ...tracker, page: null, announceAt: () => tracker.url }
  const led = torrentPage({ ownTracker: atAnyHost }, hash, '../')
  assert.equal(led, `.././-/torrents?info_hash=${hash}`)
  assert.equal(torrentPage({ ownTracker: null }, hash, '../'), null)
})
