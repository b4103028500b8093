import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
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
  ['a path and a line of a checksum', `${SHA256}  a\nb\n`, /^list: line 2 is no checksum/],
  ['a digest alone', `${SHA256}\n`, /^list: line 1 is no checksum/],
  ['checksums behind paths', `b\nx.iso  ${SHA256}\n`, /^list: line 1 is no checksum/],
  ['cksum', '3287646509 5 x.iso\n2648632822 3 y.iso\n', /^list: is a list of cksum, and/],
  ['YAML', 'version: 1\nfiles:\n', /^list: is YAML, and no list/],
  ['names in JSON', '[\n  "x.iso"\n]\n', /^list: is JSON, and no list/],
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

const hex = (algorithm: string) => createHash(algorithm).update('hello').digest('hex')
const sums = { sha256: hex('sha256'), sha512: hex('sha512'), blake2b512: hex('blake2b512') }

for (const [what, text] of Object.entries({
  'sha256sum --tag, signed': `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# x.iso: 5\nSHA256 (x.iso) = ${sums.sha256}\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n`,
  sha512sum: `${sums.sha512} *x.iso\n`,
  b2sum: `${sums.blake2b512}  x.iso\n`,
  'a Metalink': `<?xml version="1.0"?><metalink ${METALINK}><file name="x.iso"><hash type="sha-256">${sums.sha256}</hash></file></metalink>`,
  names: 'x.iso\n',
  'names before NULs': 'x.iso\0',
  'one blank': `${sums.sha256} x.iso\n`,
  openssl: `SHA2-256(x.iso)= ${sums.sha256}\n`,
  'a lone digest': `${sums.sha256}\n`,
  'BLAKE2b under any name': `${sums.blake2b512}  x.iso\n`,
  'SHA-512 in app-3.14.0b2-SHA512SUMS': `${sums.sha512}  x.iso\n`,
  'a file under several algorithms': Object.values(sums)
    .map(
      (hex) => `# one
${hex} *x.iso
`,
    )
    .join(''),
  'a Metalink with a prefix': `<?xml version="1.0"?><m:metalink xmlns:m="urn:ietf:params:xml:ns:metalink"><m:file name="x.iso"><m:hash type="sha-256">${sums.sha256}</m:hash></m:file></m:metalink>`,
  'gpg --print-md SHA256': `x.iso: ${sums.sha256.toUpperCase().replaceAll(/(.{8})(?=.)/g, '$1 ')}\n`,
  'gpg --print-md SHA512': `x.iso: 9B71D224 BD62F378 5D96D46A D3EA3D73 319BFBC2 890CAADA E2DFF725 19673CA7\n       2323C3D9 9BA5C11D 7C7ACC6E 14B8C5DA 0C466347 5C2E5C3A DEF46F73 BCDEC043\n`,
  'gpg --print-md MD5': `x.iso: \n5D 41 40 2A BC 4B 2A 76  B9 71 9D 91 10 17 C5 92\n`,
  'gpg --print-mds': `x.iso:    MD5 = 5D 41 40 2A BC 4B 2A 76  B9 71 9D 91 10 17 C5 92\nx.iso: RMD160 = 108F 07B8 3824 1261 2C04  8D07 D13F 8141 1844 5ACD\nx.iso: SHA256 = 2CF24DBA 5FB0A30E 26E83B2A C5B9E29E 1B161E5C 1FA7425E 73043362\n                938B9824\n`,
  'names in SFV': '; made by a program\r\nx.iso 3610A686\r\n',
  'the paths of a build machine': `${sums.sha256}  /home/build/out/x.iso\n`,
  'itself and its signature': `${sums.sha256}  x.iso\n${MD5}${MD5}  list\n${MD5}${MD5}  list.asc\n`,
})) {
  test(`a list of one file, ${what}: what it says of that file is true`, () => {
    const name = what === 'a lone digest' ? 'x.iso.sha256' : 'list'
    const listed = parseRemoteList(Buffer.from(text), name).filter(({ path }) => path === 'x.iso')
    const digests = listed.flatMap(({ checksum = [] }) => checksum)
    assert.equal(listed.length, 1)
    assert.equal(digests.length === 0, what.startsWith('names'))
    for (const { name: of, digest } of digests) {
      const isTrue = [of].flat().some((each) => {
        const algorithm = each === 'blake2b' ? 'blake2b512' : each
        return Buffer.from(digest).toString('hex') === hex(algorithm)
      })
      assert.ok(isTrue, [of].join())
    }
  })
}

test('a Metalink may be deep, but not without end', () => {
  const nested = (depth: number) => {
    const inner = `${'<a>'.repeat(depth)}x${'</a>'.repeat(depth)}`
    const file = `<file name="a"><hash type="sha-256">${inner}</hash></file>`
    return parseRemoteList(Buffer.from(`<?xml version="1.0"?><metalink>${file}</metalink>`), 'list')
  }
  assert.equal(nested(50).length, 1)
  for (const depth of [5000, 100_000]) assert.throws(() => nested(depth), { code: 'metainfo' })
})
