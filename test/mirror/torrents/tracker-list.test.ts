import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrackerLines, spreadTrackers } from '../../../src/mirror/torrents/tracker-list.js'

const HTTP = 'http://a.example/announce'
const UDP = 'udp://b.example:6969'

test('each line is a tracker', () => {
  assert.deepEqual(parseTrackerLines(`${HTTP}\n${UDP}\n`), { urls: [HTTP, UDP], problems: [] })
})

test('blank lines, comments and space around URLs are ignored', () => {
  const text = `\n# one\n  ${HTTP}\t\r\n\r\n   # two\n\t\n${UDP}`
  assert.deepEqual(parseTrackerLines(text), { urls: [HTTP, UDP], problems: [] })
})

test('a repeated tracker counts once', () => {
  assert.deepEqual(parseTrackerLines(`${UDP}\n${HTTP}\n${UDP}\n`).urls, [UDP, HTTP])
})

test('lines that are not trackers are ignored and reported with their number', () => {
  const { urls, problems } = parseTrackerLines(`ftp://x.example/\n\n${HTTP}\nnonsense\nhttp:///x\n`)
  assert.deepEqual(urls, [HTTP])
  assert.deepEqual(problems, [
    'line 1: "ftp://x.example/" is not a tracker URL and is ignored; correct it',
    'line 4: "nonsense" is not a tracker URL and is ignored; correct it',
    'line 5: "http:///x" is not a tracker URL and is ignored; correct it',
  ])
})

test('the report of a hostile line is short and safe to print', () => {
  const { problems } = parseTrackerLines(`\u001b[2J${'x'.repeat(100_000)}`)
  assert.ok(problems[0]!.length < 400)
  assert.ok(!problems[0]!.includes('\u001b'))
})

test('a file without trackers has none', () => {
  for (const text of ['', '\n\n', '# none']) {
    assert.deepEqual(parseTrackerLines(text), { urls: [], problems: [] })
  }
})

/**
 * Made with coreutils: `for u in a b c d; do printf '%s%s' "http://$u.example/announce" HASH |
 * sha1sum; done`, sorted.
 */
const ORDERS = {
  '0000000000000000000000000000000000000000': 'dbac',
  ffffffffffffffffffffffffffffffffffffffff: 'bdca',
  '0123456789012345678901234567890123456789': 'bacd',
}

for (const [infoHash, order] of Object.entries(ORDERS)) {
  test(`the tiers of ${infoHash.slice(0, 4)}… have the order of its digests`, () => {
    const urls = ['a', 'b', 'c', 'd'].map((name) => `http://${name}.example/announce`)
    const tiers = spreadTrackers(urls, infoHash)
    assert.deepEqual(
      tiers,
      Array.from(order, (name) => [`http://${name}.example/announce`]),
    )
    assert.deepEqual(spreadTrackers(urls.toReversed(), infoHash), tiers)
  })
}

test('without trackers there are no tiers', () => {
  assert.deepEqual(spreadTrackers([], '0'.repeat(40)), [])
})
