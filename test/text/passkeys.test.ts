import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasPasskey, hidePasskeys } from '../../src/text/passkeys.js'

const HEX = '0123456789abcdef0123456789abcdef'
const WORD = 'a1B2c3D4e5F6g7H8i9J0'

for (const [url, hidden] of [
  [`https://t.example/announce?passkey=${HEX}`, 'https://t.example/announce?passkey=***'],
  [
    'http://t.example/announce.php?pid=7&authkey=x',
    'http://t.example/announce.php?pid=***&authkey=***',
  ],
  [`https://t.example/${HEX}/announce`, 'https://t.example/***/announce'],
  [`https://t.example/announce/${WORD}`, 'https://t.example/announce/***'],
  [`udp://t.example:1/announce/${HEX}?x=1`, 'udp://t.example:1/announce/***?x=1'],
] as const) {
  test(`the passkey in ${url} is hidden`, () => {
    assert.equal(
      hidePasskeys(`a.torrent: '${url}': no answer`),
      `a.torrent: '${hidden}': no answer`,
    )
    assert.ok(hasPasskey(url))
  })
}

for (const url of [
  'https://tracker.example.org:443/announce',
  'http://t.example/announce.php?compact=1',
  'udp://tracker.opentrackr.example:1337/announce',
  `https://m.example/pool/${HEX}/a.iso`,
  'https://t.example/a-long-name-of-a-site-2024/announce',
]) {
  test(`${url} has no passkey`, () => {
    assert.deepEqual([hidePasskeys(url), hasPasskey(url)], [url, false])
  })
}
