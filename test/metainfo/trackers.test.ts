import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  announceUrls,
  checkSeed,
  checkTracker,
  formatAnnounceList,
  hasTracker,
  looksLikeUrl,
  parseAnnounceList,
  parseDhtNode,
  parseSeeds,
  parseTrackers,
  tiersOf,
  trackerTiers,
} from '../../src/metainfo/trackers.js'
import { assertRefused } from './refusal.js'

const TRACKERS = [
  'http://t.example/announce',
  'https://t.example:8443/abc/announce?key=1',
  'udp://t.example:6969',
  'udp://t.example:6969/announce',
  'ws://t.example',
  'wss://t.example/ws',
  'http://[2001:db8::1]:6969/announce',
  'http://user:secret@t.example/announce',
]

test('the scheme of a tracker is stored in small letters', () => {
  assert.equal(checkTracker('HTTP://T.EXAMPLE/Announce'), 'http://T.EXAMPLE/Announce')
  assert.equal(checkSeed('Https://h.example/A', 'web seed'), 'https://h.example/A')
})

for (const url of TRACKERS) {
  test(`${url} is a tracker`, () => {
    assert.equal(checkTracker(url), url)
  })
}

const NO_TRACKERS = [
  '',
  'ftp://t.example/announce',
  'http:/t.example',
  'http://',
  'http:///announce',
  'http://[::1/announce',
  'magnet:?xt=1',
]

for (const url of NO_TRACKERS) {
  test(`'${url}' is no tracker`, () => {
    const message = `tracker '${url}': not an http, https, udp, ws or wss URL`
    assertRefused(() => checkTracker(url), 'usage', message)
  })
}

test('a blank and a wrong port in a URL are named', () => {
  for (const [url, fault] of [
    ['http://t.example/a b', 'has a blank; type http://t.example/a%20b'],
    [' http://t.example/', 'has a blank; type http://t.example/'],
    ['http://t.example/a\u200b', 'has invisible characters at its end; type http://t.example/a'],
    [`"http://t.example/"`, 'has quotes in it; type http://t.example/'],
    [`'http://t.example/`, 'has quotes in it; type http://t.example/'],
    ['http://t.example:99999/', 'port 99999 is above 65535'],
    ['udp://t.example:0', 'port 0 is below 1'],
  ] as const) {
    assertRefused(() => checkTracker(url), 'usage', `tracker '${url}': ${fault}`)
    assertRefused(() => checkSeed(url, 'web seed'), 'usage', `web seed '${url}': ${fault}`)
  }
})

// The punycode is that of RFC 3492; the percent form is that of RFC 3986
const CONVERTED = {
  'http://ä.example/x': 'http://xn--4ca.example/x',
  'udp://Bücher.example:6969/ä?ö=%c3%a4': 'udp://xn--bcher-kva.example:6969/%C3%A4?%C3%B6=%c3%a4',
  'http://ü:ü@t.example:80/日本/😀':
    'http://%C3%BC:%C3%BC@t.example:80/%E6%97%A5%E6%9C%AC/%F0%9F%98%80',
}

test('characters beyond ASCII become punycode in the host, and percent codes elsewhere', () => {
  for (const [typed, stored] of Object.entries(CONVERTED)) assert.equal(checkTracker(typed), stored)
  const seed = 'http://f.example/Beyoncé/'
  assert.equal(checkSeed(seed, 'web seed'), 'http://f.example/Beyonc%C3%A9/')
})

test('a URL of ASCII alone is stored as it is typed', () => {
  const url = "http://T.Example:80/a%2fb/[1]/~x;y=1,2!$&'()*+@:?q[]=/?"
  assert.equal(checkTracker(url), url)
})

test('of other characters that URLs do not have, the error says what to type', () => {
  for (const [path, odd, typed] of [
    ['{{key}}', '{', '%7B%7Bkey%7D%7D'],
    ['100%', '%', '100%25'],
    ['%zz', '%', '%25zz'],
    ['"ä"', '"', '%22%C3%A4%22'],
    ['a\\b', '\\', 'a%5Cb'],
  ] as const) {
    const [url, right] = [`http://t.example/${path}`, `http://t.example/${typed}`]
    const fault = `'${url}': has '${odd}'; type ${right}`
    assertRefused(() => checkTracker(url), 'usage', `tracker ${fault}`)
    assertRefused(() => checkSeed(url, 'web seed'), 'usage', `web seed ${fault}`)
    assert.equal(checkTracker(right), right)
  }
})

test('a fragment, which no client sends to a tracker, is cut off; a seed with one is refused', () => {
  assert.equal(checkTracker('http://t.example/a?k=1#b'), 'http://t.example/a?k=1')
  const fault = "web seed 'http://t.example/a#b': has '#'; type http://t.example/a%23b"
  assertRefused(() => checkSeed('http://t.example/a#b', 'web seed'), 'usage', fault)
})

test('several URLs in one text are neither a tracker nor a seed', () => {
  const lists = [
    ',http://b.example/x',
    '|udp://b:1',
    ' http://b.example/x',
    '\nudp://b:1',
    ', ws://b',
  ]
  for (const list of lists.map((end) => `http://a.example/x${end}`)) {
    const fault = `'${list}': several URLs; give each by itself`
    assertRefused(() => checkTracker(list), 'usage', `tracker ${fault}`)
    assertRefused(() => checkSeed(list, 'web seed'), 'usage', `web seed ${fault}`)
  }
  const archive = 'http://a.example/web/http://b.example/x'
  assert.equal(checkSeed(archive, 'web seed'), archive)
})

for (const url of ['http://f.example/', 'https://f.example/dir/', 'ftp://f.example/x.iso']) {
  test(`${url} is a web seed`, () => {
    assert.equal(checkSeed(url, 'web seed'), url)
  })
}

for (const url of ['udp://f.example', 'f.example', 'file:///etc/passwd', '']) {
  test(`'${url}' is no web seed`, () => {
    const message = `web seed '${url}': not an http, https or ftp URL`
    assertRefused(() => checkSeed(url, 'web seed'), 'usage', message)
  })
}

for (const [text, isUrl] of [
  ['http://t', true],
  ['htp://t', true],
  ['UDP://t', true],
  ['a+b.c-d://', true],
  ['image.iso', false],
  ['dir/http://t', false],
  ['http:', false],
  ['1://x', false],
  ['/abs//path', false],
] as const) {
  test(`${text} is meant as a ${isUrl ? 'URL' : 'path'}`, () => {
    assert.equal(looksLikeUrl(text), isUrl)
  })
}

const [A, B, C] = ['http://a.example/', 'udp://b.example:80', 'wss://c.example/x']

test('commas part the trackers of a tier, bars the tiers', () => {
  assert.deepEqual(parseAnnounceList(`${A},${B}|${C}`), [[A, B], [C]])
  assert.deepEqual(parseAnnounceList(A), [[A]])
})

test('space around a tracker of a list is of no account', () => {
  assert.deepEqual(parseAnnounceList(` ${A} , ${B} | ${C} `), [[A, B], [C]])
})

for (const list of ['', `${A}|`, `|${A}`, `${A},,${B}`, `${A}||${B}`]) {
  test(`the list '${list}' lacks a tracker`, () => {
    const message = "tracker '': not an http, https, udp, ws or wss URL"
    assertRefused(() => parseAnnounceList(list), 'usage', message)
  })
}

test('a wrong tracker in a list is named', () => {
  const message = "tracker 'ftp://x/': not an http, https, udp, ws or wss URL"
  assertRefused(() => parseAnnounceList(`${A},ftp://x/`), 'usage', message)
})

test('a list of seeds or trackers that ends with a comma lacks one', () => {
  assert.throws(() => parseTrackers(`${A},${B},`), { code: 'usage', message: /^tracker '': / })
  for (const list of ['http://a/x,http://b/x,', 'http://a/x,'])
    assert.throws(() => parseSeeds(list, 'web seed'), { code: 'usage', message: /^web seed '': / })
  assert.deepEqual(parseSeeds('http://a/x,1.iso', 'web seed'), ['http://a/x,1.iso'])
})

test('the host of a DHT node is stored in punycode', () => {
  assert.deepEqual(parseDhtNode('bücher.example:6881'), {
    host: 'xn--bcher-kva.example',
    port: 6881,
  })
})

test('a list is written as it is read', () => {
  const tiers = [[A, B], [C]]
  assert.deepEqual(parseAnnounceList(formatAnnounceList(tiers)), tiers)
})

test('bars part seeds', () => {
  assert.deepEqual(parseSeeds('http://a/|ftp://b/', 'web seed'), ['http://a/', 'ftp://b/'])
  assertRefused(
    () => parseSeeds('http://a/|', 'HTTP seed'),
    'usage',
    "HTTP seed '': not an http, https or ftp URL",
  )
})

for (const [url, typed] of [
  ['t.example/announce', 'http://t.example/announce'],
  ['tracker.example', 'http://tracker.example/announce'],
  ['tracker.example:6969', 'http://tracker.example:6969/announce'],
  ['localhost:6969/announce', 'http://localhost:6969/announce'],
  ['[2001:db8::1]:6969', 'http://[2001:db8::1]:6969/announce'],
] as const) {
  test(`of the tracker ${url} the error says what to type`, () => {
    const message = `tracker '${url}': no http:// or udp:// in front; type ${typed}`
    assert.throws(() => checkTracker(url), { code: 'usage', message })
  })
}

for (const [what, named, tiers] of [
  ['a URL alone', { announce: A, announceList: null }, [[A]]],
  ['an empty list', { announce: A, announceList: [] }, [[A]]],
  ['empty tiers', { announce: A, announceList: [[], []] }, [[A]]],
  ['empty texts', { announce: A, announceList: [[''], [' ']] }, [[A]]],
  ['blanks around', { announce: ` ${A}`, announceList: [[` ${B}\n`, ''], []] }, [[B]]],
  ['a list alone', { announce: null, announceList: [[A, B], [C]] }, [[A, B], [C]]],
  ['an empty URL', { announce: '', announceList: [[]] }, []],
  ['nothing', { announce: null, announceList: null }, []],
] as const) {
  test(`a torrent has the trackers that libtorrent asks: ${what}`, () => {
    assert.deepEqual(trackerTiers(named), tiers)
    assert.equal(hasTracker(named), tiers.length > 0)
  })
}

test('the trackers of a torrent are found without its files, which may be very many', () => {
  const torrent = {
    announce: A,
    announceList: [[B, A]],
    get files(): never {
      throw new Error('the files were decoded')
    },
  }
  assert.deepEqual(announceUrls(torrent), [A, B])
})

for (const given of [5, null, {}, [5], [[A, null]], [[A], 5]]) {
  test(`${JSON.stringify(given)} is refused in the place of trackers`, () => {
    const message = 'trackers: neither a URL nor tiers of URLs'
    assert.throws(() => tiersOf(given as never), { code: 'usage', message })
  })
}
