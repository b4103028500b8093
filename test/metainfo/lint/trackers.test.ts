import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryInfo, singleFileInfo, torrentOf, type PlainDict } from '../../support/torrents.js'
import { byTrackerRules, type TrackerRule } from '../../../src/metainfo/lint/trackers.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { ANNOUNCE, codesOf, messagesOf } from './torrent.js'

const A = 'http://a.example/announce'
const B = 'udp://b.example:6969'

function torrentWith(beside: PlainDict): Uint8Array {
  return torrentOf(singleFileInfo(), beside)
}

test('an announce must be in the list, in any tier, unless either is alone', () => {
  const torrent = torrentWith({ announce: A, 'announce-list': [[B]] })
  assert.deepEqual(messagesOf('announce-not-in-list', torrent), [
    `announce "${A}" is not in the announce list, so clients will not use it`,
  ])
  for (const beside of [
    { announce: A, 'announce-list': [[B], [A]] },
    { announce: A },
    { 'announce-list': [[A]] },
  ]) {
    assert.deepEqual(codesOf(torrentWith(beside)), [])
  }
})

test('an empty list and an empty tier are told', () => {
  const list = torrentWith({ announce: A, 'announce-list': [] })
  assert.deepEqual(messagesOf('empty-tier', list), ['the announce list is empty'])
  const tier = torrentWith({ announce: A, 'announce-list': [[A], []] })
  assert.deepEqual(messagesOf('empty-tier', tier), ['tier 2 of the announce list is empty'])
})

test('a tracker that clients can hardly ask is noted, with the reason', () => {
  const reasons = {
    'http://a.example': 'has no path; most trackers have /announce',
    'https://a.example:8080/': 'has no path; most trackers have /announce',
    'http://a.example/x/anounce?k=1': 'has /anounce; most trackers have /announce',
    'http://localhost:6969/announce': 'leads each client to its own machine',
    'udp://[::1]:6969': 'leads each client to its own machine',
    'udp://127.0.0.1:6969/announce': 'leads each client to its own machine',
  }
  for (const [announce, reason] of Object.entries(reasons)) {
    const expected = [`tracker "${announce}" ${reason}`]
    assert.deepEqual(messagesOf('tracker-unlikely', torrentWith({ announce })), expected)
  }
  // The tracker of rutracker.org has /ann
  const likely = [
    'http://a.example/announce.php?k=1',
    'http://a.example/ann?pk=1',
    'http://a.example/k3y',
  ]
  for (const announce of [A, B, ...likely, 'x'])
    assert.deepEqual(messagesOf('tracker-unlikely', torrentWith({ announce })), [])
})

test('a seed on the own machine of each client is noted', () => {
  for (const url of ['http://localhost/a', 'http://127.0.0.1:8080/a', 'http://[::1]/a']) {
    const said = (kind: string) => [`${kind} "${url}" leads each client to its own machine`]
    const seeds = { announce: A, 'url-list': [url] }
    assert.deepEqual(messagesOf('seed-unlikely', torrentWith(seeds)), said('web seed'))
    const old = { announce: A, httpseeds: [url] }
    assert.deepEqual(messagesOf('seed-unlikely', torrentWith(old)), said('HTTP seed'))
  }
  const seeds = { announce: A, 'url-list': ['http://a.example/a', 'http://10.0.0.1/a'] }
  assert.deepEqual(messagesOf('seed-unlikely', torrentWith(seeds)), [])
})

test('a passkey is a fault in a public torrent only, and no message shows it', () => {
  const announce = 'http://a.example/0123456789abcdef0123456789abcdef/announce'
  const list = { announce, 'announce-list': [[announce], [announce]] }
  const hidden = 'tracker "http://a.example/***/announce"'
  assert.deepEqual(messagesOf('passkey-in-public', torrentWith(list)), [
    `${hidden} holds a passkey, and the torrent is not private: whoever has the torrent can use it`,
  ])
  assert.deepEqual(messagesOf('tracker-repeated', torrentWith(list)), [
    `${hidden} stands 2 times in the announce list`,
  ])
  assert.deepEqual(
    messagesOf('passkey-in-public', torrentOf(singleFileInfo({ private: 1 }), list)),
    [],
  )
})

test('passwords, signatures and keys in seeds and update-url are faults, also of private torrents', () => {
  const seeds = {
    'url-list': ['https://user:hunter2@a.example/a', 'https://b.example/a?X-Amz-Signature=0af9'],
    httpseeds: ['http://c.example/a?token=hunter2', 'http://d.example/a?x=1'],
  }
  const said = 'holds a password or key: whoever has the torrent can use it'
  const expected = [
    `web seed "https://user:***@a.example/a" ${said}`,
    `web seed "https://b.example/a?X-Amz-Signature=***" ${said}`,
    `HTTP seed "http://c.example/a?token=***" ${said}`,
    `update-url "https://e.example/a?key=***" ${said}`,
  ]
  for (const change of [{}, { private: 1 }]) {
    const info = singleFileInfo({ ...change, 'update-url': 'https://e.example/a?key=hunter2' })
    const torrent = torrentOf(info, { announce: A, ...seeds })
    assert.deepEqual(messagesOf('secret-in-address', torrent), expected)
  }
})

test('an update-url is a URL', () => {
  const torrentWithUpdate = (url: string) =>
    torrentOf(singleFileInfo({ 'update-url': url }), { announce: A })
  assert.deepEqual(codesOf(torrentWithUpdate('https://e.example/new.torrent')), [])
  assert.deepEqual(messagesOf('update-not-url', torrentWithUpdate('next week')), [
    'update-url "next week" is not an http, https or ftp URL',
  ])
})

test('a tracker must be a URL that clients can ask', () => {
  for (const announce of ['tracker.example', 'ftp://a.example/', 'http://', 'http://a b/']) {
    assert.deepEqual(messagesOf('tracker-not-url', torrentWith({ announce })), [
      `tracker "${announce}" is not an http, https, udp, ws or wss URL`,
    ])
  }
  for (const announce of [A, B, 'wss://c.example', 'https://[2001:db8::1]:80/x?y']) {
    assert.deepEqual(codesOf(torrentWith({ announce })), [])
  }
})

test('a blank tracker or seed is none', () => {
  assert.deepEqual(codesOf(torrentWith({ announce: '' })), ['ignored-value', 'no-tracker'])
  const blank = torrentWith({ announce: A, 'announce-list': [[' '], [A]], 'url-list': ['', ' '] })
  assert.deepEqual(messagesOf('ignored-value', blank), [
    'announce-list: has a blank entry',
    'url-list: has a blank entry',
  ])
  assert.deepEqual(messagesOf('empty-tier', blank), ['tier 1 of the announce list is empty'])
})

test('a bad tracker is told once, though it stands in both places', () => {
  const torrent = torrentWith({ announce: 'x', 'announce-list': [['x']] })
  assert.deepEqual(codesOf(torrent), ['tracker-not-url'])
})

test('a tracker that repeats is told, in one tier or in several', () => {
  for (const tiers of [[[A, A]], [[A], [B, A]]]) {
    const torrent = torrentWith({ announce: A, 'announce-list': tiers })
    assert.deepEqual(messagesOf('tracker-repeated', torrent), [
      `tracker "${A}" stands 2 times in the announce list`,
    ])
  }
  assert.deepEqual(codesOf(torrentWith({ announce: A, 'announce-list': [[A, B]] })), [])
})

test('a scheme in capitals and the port 0, which clients never ask, are told of', () => {
  const torrent = torrentWith({ announce: 'HTTP://t.example/announce' })
  assert.deepEqual(messagesOf('url-characters', torrent), [
    'tracker "HTTP://t.example/announce" has a scheme in capitals; right is "http://t.example/announce"',
  ])
  assert.deepEqual(messagesOf('tracker-not-url', torrentWith({ announce: 'udp://t.example:0' })), [
    'tracker "udp://t.example:0": port 0 is below 1',
  ])
})

test('a seed must be a URL that clients can ask', () => {
  const torrent = torrentWith({ 'url-list': ['files.example'], httpseeds: ['udp://x'] })
  assert.deepEqual(messagesOf('seed-not-url', torrent), [
    'web seed "files.example" is not an http, https or ftp URL',
    'HTTP seed "udp://x" is not an http, https or ftp URL',
  ])
  assert.deepEqual(codesOf(torrentWith({ 'url-list': 'https://files.example/a' })), [])
})

test('a torrent that leads to nobody is told of, unless nodes or seeds do', () => {
  assert.deepEqual(codesOf(torrentWith({})), ['no-tracker'])
  assert.deepEqual(codesOf(torrentWith({ 'announce-list': [[B]] })), [])
  assert.deepEqual(codesOf(torrentWith({ nodes: [['router.example', 6881]] })), [])
  assert.deepEqual(codesOf(torrentWith({ 'url-list': ['http://s.example/a'] })), [])
  assert.deepEqual(codesOf(torrentWith({ httpseeds: ['http://s.example/a'] })), ['http-seeds-only'])
})

test('HTTP seeds without web seeds are told of, because libtorrent ignores them', () => {
  const seeds = ['http://s.example/a']
  assert.deepEqual(messagesOf('http-seeds-only', torrentWith({ httpseeds: seeds })), [
    'HTTP seeds (httpseeds, BEP 17) but no web seeds: libtorrent 2.1 and later ignores them',
  ])
  const both = torrentWith({ announce: A, httpseeds: seeds, 'url-list': seeds })
  assert.deepEqual(codesOf(both), [])
})

test('characters that no URL has are told of, with the right form', () => {
  const odd = { announce: 'http://ä.example/announce', 'url-list': ['http://f.example/{a}/é#b'] }
  assert.deepEqual(messagesOf('url-characters', torrentWith(odd)), [
    'tracker "http://ä.example/announce" has characters that URLs do not have; right is "http://xn--4ca.example/announce"',
    'web seed "http://f.example/{a}/é#b" has characters that URLs do not have; right is "http://f.example/%7Ba%7D/%C3%A9%23b"',
  ])
  assert.deepEqual(codesOf(torrentWith({ announce: A, 'url-list': ['http://f/[a]%20b'] })), [])
  const latin1 = Buffer.from('http://t.example/\xe9', 'latin1')
  assert.deepEqual(codesOf(torrentWith({ announce: latin1 })), ['not-utf8'])
})

test('a UDP tracker without a port is told of', () => {
  const said = (announce: string) => messagesOf('tracker-unlikely', torrentWith({ announce }))
  assert.match(said('udp://t.example/announce')[0] ?? '', /has no port/)
  assert.deepEqual(said('udp://t.example:80/announce'), [])
  assert.deepEqual(said('https://t.example/announce'), [])
})

test('URLs that were typed as one are told of', () => {
  const both = 'http://a.example/announce,http://b.example/announce'
  assert.deepEqual(messagesOf('comma-in-url', torrentWith({ announce: both })), [
    `"${both}" has a comma, but is one URL, not a list`,
  ])
  const tiers = 'http://a.example/announce|http://b.example/announce'
  assert.deepEqual(messagesOf('comma-in-url', torrentWith({ announce: tiers })), [
    `"${tiers}" has a bar before a URL, but is one URL, not a list`,
  ])
  assert.deepEqual(codesOf(torrentWith({ announce: tiers })), ['comma-in-url'])
  const lines = 'http://a.example/announce\nhttp://b.example/announce'
  assert.deepEqual(codesOf(torrentWith({ announce: lines })), ['comma-in-url'])
  const seeds = { announce: A, 'url-list': ['http://a.example/x,y'], httpseeds: ['http://b/,'] }
  assert.equal(messagesOf('comma-in-url', torrentWith(seeds)).length, 2)
})

test('the web seed of a directory ends with a slash', () => {
  const seeds = { announce: A, 'url-list': ['http://a.example/dir', 'http://b.example/'] }
  const directory = torrentOf(directoryInfo([{ length: 1, path: ['a'] }]), seeds)
  assert.deepEqual(messagesOf('web-seed-without-slash', directory), [
    'web seed "http://a.example/dir" of a directory does not end with a slash',
  ])
  assert.deepEqual(messagesOf('web-seed-without-slash', torrentWith(seeds)), [])
})

test('a creation date in milliseconds is told with the right one', () => {
  const torrentOn = (date: number) =>
    torrentOf(singleFileInfo(), { ...ANNOUNCE, 'creation date': date })
  assert.deepEqual(messagesOf('date-in-milliseconds', torrentOn(1_700_000_000_000)), [
    'creation date 1700000000000 is more than 3,000 years ahead; if it is milliseconds, the right one is 1700000000',
  ])
  assert.deepEqual(codesOf(torrentOn(1_700_000_000)), [])
})

const TAGGED = torrentOf(singleFileInfo({ private: 1, source: 'A' }), { announce: A })

for (const [rule, wanted] of [
  [{ private: false }, 'torrents that are not private'],
  [{ private: true }, null],
  [{ source: 'B' }, 'the source "B"'],
  [{ source: 'A' }, null],
  [{ version: 'hybrid' }, 'hybrid torrents'],
  [{ version: 'v2' }, 'torrents of version v2'],
  [{ version: 'v1' }, null],
  [{ maxPieceLength: 16_383 }, 'pieces of at most 16383 bytes'],
  [{ maxPieceLength: 16_384 }, null],
  [{ maxTorrentSize: TAGGED.length - 1 }, `a .torrent of at most ${TAGGED.length - 1} bytes`],
  [{ maxTorrentSize: TAGGED.length }, null],
] satisfies [Partial<TrackerRule>, string | null][]) {
  test(`a tracker whose rule is ${JSON.stringify(rule)} wants ${wanted ?? 'nothing else'}`, () => {
    const rules = ['a.example', 'a.example:80', 'b.example'].map((host) => {
      return { host, place: 'c.yaml:1', ...rule }
    })
    const found = [...byTrackerRules(rules)(parseMetainfo(TAGGED))]
    assert.deepEqual(found, wanted === null ? [] : [`a.example wants ${wanted} (c.yaml:1)`])
  })
}
