import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRemoteList } from '../../../src/core/remote/remote-list.js'

const listOf = (count: number) => {
  const sums = Array.from({ length: count }, (_, n) => `${'ab'.repeat(32)}  ${n}.iso\n`)
  return parseRemoteList(Buffer.from(sums.join('')), 'SHA256SUMS')
}

test('a list may name 100,000 files', () => {
  assert.equal(listOf(100_000).length, 100_000)
  assert.throws(() => listOf(100_001), /SHA256SUMS: names more than 100000 files/)
})

const SHA256 = 'ab'.repeat(32)
const MD5 = 'cd'.repeat(16)
const METALINK = 'xmlns="urn:ietf:params:xml:ns:metalink"'
const META3 = 'xmlns="http://www.metalinker.org/"'
const LONG = 'x'.repeat(65_537)

/** A release as GitHub's API has it. */
const release = (asset: object, others: object = {}) => {
  const url = 'https://h.example/v1/a'
  const assets = [{ name: 'a', browser_download_url: url, id: 7, ...asset }]
  return { tag_name: 'v1', assets, ...others }
}
const json = (value: unknown) => JSON.stringify(value)

const lists: readonly (readonly [what: string, text: string, paths: readonly string[]])[] = [
  ['an escaped name', `\\${SHA256}  a\\\\b\\nc`, ['a\\b\nc']],
  ['a name as it stands', `${SHA256}  a\\nb`, ['a\\nb']],
  ['a name below the directory itself', `${SHA256} *.//./a`, ['a']],
  ['paths of the machine that made it', `${SHA256}  /x/a\n${SHA256}  /y/b`, ['a', 'b']],
  ['names before NULs', 'a\nb\0c\0', ['a\nb', 'c']],
  ['CRLF and a byte-order mark', `\ufeff${SHA256}  a\r\n${MD5}  b\r\n`, ['a', 'b']],
  ['comments', `# of today\n${SHA256}  a\n`, ['a']],
  ['SFV', '; made by x\na b.iso 0123abcd\nc\\d 89abcdef\n', ['a b.iso', 'c/d']],
  [
    'a signed text',
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${SHA256}  a\n-----BEGIN PGP SIGNATURE-----\n\nb\n`,
    ['a'],
  ],
  [
    'a Metalink',
    `<metalink ${METALINK}><file name="a"/><file name="d/b"/></metalink>`,
    ['a', 'd/b'],
  ],
  ['a release', json(release({})), ['a']],
  ['releases', json([release({}), release({}, { draft: true })]), ['v1/a']],
  [
    'a release of which a file is uploaded just now',
    json({ tag_name: 'v1', assets: [...release({}).assets, ...release({ state: 'new' }).assets] }),
    ['a'],
  ],
]

for (const [what, text, paths] of lists) {
  test(`a list with ${what} names ${json(paths)}`, () => {
    const entries = parseRemoteList(Buffer.from(text), 'list')
    assert.deepEqual(
      entries.map(({ path }) => path),
      paths,
    )
  })
}

for (const [what, text, message] of [
  ['HTML', '<!-- x --> <!DOCTYPE html><p>', /^list: is a web page, and no list$/],
  ['XHTML', '<?xml version="1.0"?>\n<html><p/></html>', /^list: is a web page, and no list$/],
  ['half a Metalink', `<metalink ${METALINK}><file`, /^list: is no valid XML$/],
  ['other XML', '<?xml version="1.0"?>\n<rss/>', /^list: is no Metalink$/],
  ['a Metalink of another space', '<metalink xmlns="x"/>', /^list: is no Metalink$/],
  ['a Metalink of version 3', `<metalink ${META3}/>`, /^list: is a Metalink of version 3; give/],
  ['a large Metalink', `<metalink ${METALINK}>${' '.repeat(2 ** 23)}`, /more than 8 MiB$/],
  ['a long line', LONG, /^list: has a line of more than 65536 characters$/],
  ['nothing', '\n\n', /^list: names no file$/],
  ['a draft', json(release({}, { draft: true })), /^list: names no file$/],
  [
    'a release without addresses',
    json(release({ browser_download_url: 'ftp://h/a' })),
    / http address$/,
  ],
  ['a release without names', json(release({ name: null })), / http address$/],
  [
    'half a release',
    json(release({})).slice(0, -1),
    /^list: is JSON, and no list; give checksums as/,
  ],
  ['other JSON', '[{"a": 1}]', /^list: is JSON, and no list; give checksums as/],
  ['hashdeep', '%%%% HASHDEEP-1.0\n', /^list: is a list of hashdeep, and no list/],
  ['a way up', `${SHA256}  ../a`, /^list: "..\/a" is no path below its directory$/],
  [
    'two absolute paths of one name',
    `${SHA256}  /x/a\n${SHA256}  /y/a`,
    /"\/x\/a" is no path below/,
  ],
  [
    'a line that is none',
    `${SHA256}  a\n\nhello\n`,
    /^list: line 3 is no checksum with a path: "hello"$/,
  ],
  ['other bytes', '\xff', /^list: is not UTF-8$/],
] as const) {
  test(`a list of ${what} is refused with what is wrong`, () => {
    assert.throws(
      () => parseRemoteList(Buffer.from(text, what === 'other bytes' ? 'latin1' : 'utf8'), 'list'),
      { message },
    )
  })
}

test('of several checksums, those are checked that their algorithms can have', () => {
  const hash = (type: string, hex: string) => `<hash type="${type}">${hex}</hash>`
  const hashes = hash('md5', MD5) + hash('sha-256', SHA256) + hash('sha-512', SHA256)
  const namesIn = (text: string) => {
    const [entry] = parseRemoteList(Buffer.from(text), 'SHA256SUMS')
    return entry?.checksum?.map(
      ({ name, digest }) => `${[name].join()} ${Buffer.from(digest).toString('hex')}`,
    )
  }
  const best = [`sha256 ${SHA256}`]
  assert.deepEqual(
    namesIn(`<metalink ${METALINK}><file name="a">${hashes}</file></metalink>`),
    best,
  )
  assert.deepEqual(namesIn(`SHA256 (a) = ${SHA256}`), best)
  assert.deepEqual(namesIn(`a: SHA256 = ${'AB'.repeat(4)} ${`${'AB'.repeat(4)} `.repeat(7)}`), best)
  assert.deepEqual(namesIn(json(release({ digest: `sha256:${SHA256}` }))), best)
  assert.deepEqual(namesIn(json(release({ digest: `sha256:${MD5}` }))), [])
  assert.deepEqual(namesIn(`SHA256 (SHA256SUMS.asc) = ${SHA256}`), [])
})

test('a file of a release is another one after each upload', () => {
  const versionOf = (asset: object) =>
    parseRemoteList(Buffer.from(json(release(asset))), 'list')[0]?.version
  const changes = [{ uuid: 'u' }, { id: 8 }, { size: 1 }, { updated_at: '2026' }]
  const all = [{}, ...changes].map(versionOf)
  assert.equal(new Set(all).size, all.length)
  assert.equal(versionOf({}), versionOf({ download_count: 9 }))
})
