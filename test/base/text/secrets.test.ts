import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasSecret, hideSecrets } from '../../../src/base/text/secrets.js'

const HEX = '0123456789abcdef0123456789abcdef'
const WORD = 'a1B2c3D4e5F6g7H8i9J0'
const UUID = '01234567-89ab-4CDE-8f01-23456789abcd'

for (const [url, hidden] of [
  [`https://t.example/announce?passkey=${HEX}`, 'https://t.example/announce?passkey=***'],
  [
    `https://t.example/announce?passkey=${HEX}: gone`,
    'https://t.example/announce?passkey=***: gone',
  ],
  [
    'http://t.example/announce.php?pid=7&authkey=x',
    'http://t.example/announce.php?pid=***&authkey=***',
  ],
  [`https://t.example/${HEX}/announce`, 'https://t.example/***/announce'],
  [`https://t.example/announce/${WORD}`, 'https://t.example/announce/***'],
  [`https://t.example/${UUID}/announce`, 'https://t.example/***/announce'],
  ['https://t.example/a?apikey=x&user_auth=y', 'https://t.example/a?apikey=***&user_auth=***'],
  [
    'https://m.example/f?X-Amz-Signature=x&access_token=y;sig=z&n=1',
    'https://m.example/f?X-Amz-Signature=***&access_token=***;sig=***&n=1',
  ],
  [`https://ghp_${WORD}@host.example/a.iso`, 'https://***@host.example/a.iso'],
  ['http://github_pat_11AB-x@[::1]:80/a', 'http://***@[::1]:80/a'],
  [`udp://t.example:1/announce/${HEX}?x=1`, 'udp://t.example:1/announce/***?x=1'],
] as const) {
  test(`the passkey in ${url} is hidden`, () => {
    assert.equal(hideSecrets(`a.torrent: '${url}': no answer`), `a.torrent: '${hidden}': no answer`)
    assert.ok(hasSecret(url))
  })
}

for (const url of [
  'https://tracker.example.org:443/announce',
  'http://t.example/announce.php?compact=1',
  'udp://tracker.opentrackr.example:1337/announce',
  `https://m.example/pool/${HEX}/a.iso`,
  `https://m.example/pool/${UUID}/a.iso?design=1&author=me`,
  'https://t.example/a-long-name-of-a-site-2024/announce',
]) {
  test(`${url} has no passkey`, () => {
    assert.deepEqual([hideSecrets(url), hasSecret(url)], [url, false])
  })
}

for (const [text, hidden] of [
  ['scrape: http://us:pa@host:80/announce: no', 'scrape: http://us:***@host:80/announce: no'],
  ['http://us:p@ss@[::1]:80/a', 'http://us:***@[::1]:80/a'],
  // No URLs, because the host ends inside of the password
  [
    'qbittorrent+http://admin:x/PASS@127.0.0.1:9: not a URL',
    'qbittorrent+http://admin:***@127.0.0.1:9: not a URL',
  ],
  ['redis://:PA#S?S@h:6379/0', 'redis://:***@h:6379/0'],
  ['udp://u:P/A/SS@t:6969 and http://h:80/a@b', 'udp://u:***@t:6969 and http://h:80/a@b'],
] as const) {
  test(`the password in ${text} is hidden`, () => {
    assert.equal(hideSecrets(text), hidden)
  })
}

test('addresses without a password stay as they are', () => {
  for (const text of [
    'http://[::1]:80/x@y',
    'http://h:/x@y',
    'http://u@h/a',
    'a@b: c://d',
    'http://h:80',
  ])
    assert.equal(hideSecrets(text), text)
})
