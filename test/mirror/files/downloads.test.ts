import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { type Answer, ask } from '../ask.js'

const CONTENT = pseudoRandom(700_000, 9)
const SIZE = CONTENT.length
const FILES = { 'pub/big.iso': CONTENT, 'pub/empty': '', 'pub/with space+ü%.txt': 'odd' }

test('files are served whole, with their date', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  const { status, headers, body } = await ask(port, '/pub/big.iso')
  assert.equal(status, 200)
  assert.equal(headers['content-length'], String(SIZE))
  assert.equal(headers['accept-ranges'], 'bytes')
  const { mtime } = statSync(join(root, 'pub/big.iso'))
  assert.equal(headers['last-modified'], mtime.toUTCString())
  assert.ok(body.equals(CONTENT))
})

test('a file that has left the memory is sent, whole and in part, also if it was sent before', async (t) => {
  // Not below TMPDIR, which may be in memory
  const root = mkdtempSync('/var/tmp/btkit-test-')
  t.after(() => {
    rmSync(root, { recursive: true, force: true })
  })
  plantFiles(root, { large: CONTENT, small: CONTENT.subarray(0, 16) })
  const { port } = await serveMirror(t, { root })
  for (const [name, content] of [
    ['large', CONTENT],
    ['small', CONTENT.subarray(0, 16)],
  ] as const) {
    const file = join(root, name)
    for (const range of ['', 'bytes=3-9', '', 'bytes=3-9']) {
      execFileSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fsync', 'count=0'], {
        stdio: 'ignore',
      })
      const { stdout } = spawnSync('fincore', ['--noheadings', '--bytes', '--output', 'RES', file])
      if (String(stdout).trim() !== '0') {
        t.skip('files cannot leave the memory here')
        return
      }
      const { body } = await ask(port, `/${name}`, { headers: range ? { Range: range } : {} })
      assert.ok(body.equals(range ? content.subarray(3, 10) : content))
    }
  }
})

test('the first file that is asked for and the others have the same headers', async (t) => {
  const root = makeScratch(t, {
    'pub/a.iso': CONTENT,
    'pub/empty': '',
    'pub/utf-8.txt': 'ü',
    'pub/latin-1.txt': Buffer.from('\xfc', 'latin1'),
    'pub/taken.iso': 'x',
    'pub/taken.iso.torrent': 'd1:ai1ee',
    'pub/other': 'other',
  })
  for (const name of ['a.iso', 'empty', 'utf-8.txt', 'latin-1.txt', 'taken.iso']) {
    const headersOf = async (port: number) => {
      const { date: _date, etag: _etag, ...headers } = (await ask(port, `/pub/${name}`)).headers
      return headers
    }
    const { port } = await serveMirror(t, { root })
    await ask(port, '/pub/other')
    const first = await headersOf((await serveMirror(t, { root })).port)
    assert.deepEqual(await headersOf(port), first, name)
    assert.deepEqual(await headersOf(port), first, `${name}, again`)
  }
})

test('an address of the service, of a view or of a hidden name is no file, whatever was sent', async (t) => {
  const files = { 'a.iso': 'x', '.hidden': 'secret', '-/own': 'secret' }
  const { port } = await serveMirror(t, { files })
  await ask(port, '/a.iso')
  for (const address of ['/.hidden', '/-/own', '/a.iso/', '/../a.iso'])
    assert.ok((await ask(port, address)).status >= 300, address)
  for (const address of ['/a.iso.torrent', '/m/torrent_service/single/a.iso']) {
    const { headers } = await ask(port, address)
    assert.equal(headers['content-type'], 'application/x-bittorrent', address)
  }
})

test('names are percent-encoded in addresses, and a plus is a plus', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { status, body } = await ask(port, '/pub/with%20space+%C3%BC%25.txt')
  assert.deepEqual([status, body.toString()], [200, 'odd'])
})

/** A path with a byte that is not UTF-8, as in names of Latin-1. */
function rawPath(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
}

test('a file whose name is not UTF-8 is sent by its bytes, and says why it has no torrent', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'pub/plain': 'x', 'pub/link': 'y' } })
  mkdirSync(rawPath(root, 'pub/caf\xe9'))
  writeFileSync(rawPath(root, 'pub/caf\xe9/\xff.bin'), CONTENT)
  symlinkSync(rawPath('..', '..'), rawPath(root, 'pub/out\xe9'))
  symlinkSync(rawPath('.', 'caf\xe9/\xff.bin'), join(root, 'pub/to-raw'))
  symlinkSync(rawPath('.', 'caf\xe9/\xff.bin'), join(root, 'pub/raw.txt'))
  const address = '/pub/caf%E9/%ff.bin'
  for (let time = 0; time < 2; time++) {
    const { status, headers, body } = await ask(port, address)
    assert.deepEqual([status, body.equals(CONTENT), headers.link], [200, true, undefined])
    const again = { headers: { 'If-None-Match': headers.etag! } }
    assert.equal((await ask(port, address, again)).status, 304)
    const part = await ask(port, address, { headers: { Range: 'bytes=5-9' } })
    assert.deepEqual([part.status, part.body], [206, CONTENT.subarray(5, 10)])
  }
  for (const link of ['/pub/to-raw', '/pub/raw.txt'])
    assert.ok((await ask(port, link)).body.equals(CONTENT), link)
  assert.equal((await ask(port, `${address}.sha256`)).status, 200)
  assert.equal((await ask(port, `/-/view${address}.details`)).status, 200)
  for (const view of ['.torrent', '?torrent', '?magnet', '.meta4']) {
    const { status, body } = await ask(port, address + view)
    const why = '/pub/caf\\xe9/\\xff.bin: not UTF-8, as all names in torrents must be; rename it\n'
    assert.deepEqual([view, status, body.toString()], [view, 422, why])
  }
  const set = await ask(port, '/x/torrent_service/single/pub/caf%E9/%ff.bin')
  assert.match(set.body.toString(), /not UTF-8/)
  for (const [path, wanted] of [
    ['/pub/caf%E8/%ff.bin', 404],
    ['/pub/caf%C3%A9/%ff.bin', 404],
    ['/pub/out%E9/secret', 404],
    ['/pub/caf%E9/%2f%ff', 400],
    ['/pub/caf%E9/%ff%00', 400],
    ['/pub/caf%E9/%f', 400],
    ['/pub/%E9%2e%2e/', 404],
    ['/pub/../../plain', 400],
  ] as const)
    assert.equal((await ask(port, path)).status, wanted, path)
})

test('a method that does not read is refused, also for a file that was sent before', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (let time = 0; time < 2; time++) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(port, '/pub/big.iso', { method })
      assert.deepEqual([method, status, headers.allow], [method, 405, 'GET, HEAD'])
    }
    assert.equal((await ask(port, '/pub/big.iso')).status, 200)
  }
})

test('an empty file is an empty answer', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const method of ['GET', 'HEAD']) {
    const { status, headers, body } = await ask(port, '/pub/empty', { method })
    assert.deepEqual([status, headers['content-length'], body.length], [200, '0', 0])
  }
})

const RANGES = [
  { range: 'bytes=0-0', start: 0, end: 1 },
  { range: 'bytes=100-199', start: 100, end: 200 },
  { range: 'bytes=262143-262144', start: 262_143, end: 262_145 },
  { range: `bytes=${SIZE - 1}-`, start: SIZE - 1, end: SIZE },
  { range: 'bytes=0-', start: 0, end: SIZE },
  { range: `bytes=10-${SIZE + 10}`, start: 10, end: SIZE },
  { range: 'bytes=-5', start: SIZE - 5, end: SIZE },
  { range: `bytes=-${SIZE + 5}`, start: 0, end: SIZE },
]

test('any part of a file can be requested', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const { range, start, end } of RANGES) {
    const { status, headers, body } = await ask(port, '/pub/big.iso', { headers: { Range: range } })
    assert.equal(status, 206, range)
    assert.equal(headers['content-range'], `bytes ${start}-${end - 1}/${SIZE}`)
    assert.equal(headers['content-length'], String(end - start))
    assert.ok(body.equals(CONTENT.subarray(start, end)), range)
  }
})

/** The parts of a body in several ranges: what stands before each, and its bytes. */
function partsOf({ headers, body }: Answer): [head: string, bytes: Buffer][] {
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(
    headers['content-type'] ?? '',
  )?.[1]
  const text = body.toString('latin1')
  const parts = text.split(`\r\n--${boundary}`)
  assert.deepEqual([parts[0], parts.at(-1)], ['', '--\r\n'])
  return parts.slice(1, -1).map((part) => {
    const end = part.indexOf('\r\n\r\n') + 4
    return [part.slice(0, end), Buffer.from(part.slice(end), 'latin1')]
  })
}

test('several parts of a file can be requested at once', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const ranges = [
    [300_000, 699_999],
    [0, 0],
    [5, 262_150],
  ] as const
  for (let time = 0; time < 2; time++) {
    const Range = `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(', ')}`
    const answer = await ask(port, '/pub/big.iso', { headers: { Range } })
    const { status, headers, body } = answer
    assert.deepEqual([status, headers['content-range']], [206, undefined])
    assert.equal(headers['content-length'], String(body.length))
    const wanted = ranges.map(([first, last]) => {
      const type = 'application/octet-stream'
      const head = `Content-Type: ${type}\r\nContent-Range: bytes ${first}-${last}/${SIZE}`
      return [`\r\n${head}\r\n\r\n`, CONTENT.subarray(first, last + 1)]
    })
    assert.deepEqual(partsOf(answer), wanted)
  }
  const joined = await ask(port, '/pub/big.iso', { headers: { Range: 'bytes=9-15,0-8,16-' } })
  assert.deepEqual(
    [joined.status, joined.headers['content-range']],
    [206, `bytes 0-${SIZE - 1}/${SIZE}`],
  )
  assert.ok(joined.body.equals(CONTENT))
})

test('several parts are sent only of the state that the client has, and whole beyond 64', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { etag = '' } = (await ask(port, '/pub/big.iso')).headers
  const many = Array.from({ length: 65 }, (_, i) => `${10 * i}-${10 * i}`)
  for (const [headers, method, status, parts] of [
    [{ Range: 'bytes=0-9,20-29', 'If-Range': etag }, 'GET', 206, 2],
    [{ Range: 'bytes=0-9,20-29', 'If-Range': '"other"' }, 'GET', 200, 0],
    [{ Range: 'bytes=0-9,20-29' }, 'HEAD', 200, 0],
    [{ Range: 'bytes=0-9' }, 'HEAD', 200, 0],
    [{ Range: `bytes=${SIZE}-` }, 'HEAD', 200, 0],
    [{ Range: `bytes=${many.slice(1).join()}` }, 'GET', 206, 64],
    [{ Range: `bytes=${many.join()}` }, 'GET', 200, 0],
    [{ Range: 'bytes=0-9,30-20' }, 'GET', 200, 0],
    [{ Range: `bytes=${SIZE}-,${SIZE + 5}-` }, 'GET', 416, 0],
  ] as const) {
    const answer = await ask(port, '/pub/big.iso', { method, headers })
    assert.equal(answer.status, status, headers.Range)
    assert.equal(status === 206 ? partsOf(answer).length : 0, parts)
  }
  // Zeros are shared by all clients
  const zeros = await ask(port, '/.pad/100', { headers: { Range: 'bytes=0-9,20-29' } })
  assert.deepEqual([zeros.status, zeros.body.length], [200, 100])
})

test('a client that wants another state of a file gets 412', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { headers: validators } = await ask(port, '/pub/big.iso')
  const long = 'Thu, 01 Jan 1970 00:00:00 GMT'
  const other = ['"other"', `W/${validators.etag!}`, '"a", "b"', '', '"*"']
  for (const condition of [
    ...other.map((tags) => ({ 'If-Match': tags })),
    { 'If-Unmodified-Since': long },
  ]) {
    const headers = { ...condition, Range: 'bytes=0-9' }
    const { status, body } = await ask(port, '/pub/big.iso', { headers })
    assert.equal(status, 412, JSON.stringify(condition))
    assert.match(body.toString(), /^[^\n]+\n$/)
  }
  for (const tags of [validators.etag!, `"a", ${validators.etag!}`, '*', ' * ']) {
    const same = { 'If-Match': tags, 'If-Unmodified-Since': validators['last-modified']! }
    assert.equal((await ask(port, '/pub/big.iso', { headers: same })).status, 200, tags)
  }
})

test('a part outside the file is 416 with the size', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const range of [`bytes=${SIZE}-`, `bytes=${SIZE}-${SIZE + 5}`, 'bytes=-0']) {
    const { status, headers } = await ask(port, '/pub/big.iso', { headers: { Range: range } })
    assert.equal(status, 416, range)
    assert.equal(headers['content-range'], `bytes */${SIZE}`)
  }
  for (const Range of ['bytes=0-', 'bytes=-1'])
    assert.equal((await ask(port, '/pub/empty', { headers: { Range } })).status, 416)
})

test('a malformed range is ignored', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const ranges = [
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'lines=0-5',
    'bytes 0-5',
    'bytes=5',
  ]
  const odd = ['--5', '9-5', '0-1,x', '0-1,6-5', ',', '0-1;5-6', '+1-2', '1.5-2']
  for (const range of [...ranges, ...odd.map((each) => `bytes=${each}`)]) {
    const { status, body } = await ask(port, '/pub/big.iso', { headers: { Range: range } })
    assert.equal(status, 200, range)
    assert.equal(body.length, SIZE)
  }
})

test('a client resumes its part only while the file is the same', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  const { headers } = await ask(port, '/pub/big.iso')
  const partAfter = (condition: string, Range = 'bytes=5-') => {
    return ask(port, '/pub/big.iso', { headers: { Range, 'If-Range': condition } })
  }
  assert.equal((await partAfter(headers.etag!)).status, 206)
  const other = ['"other"', `W/${headers.etag!}`, headers.etag!.slice(1, -1), '*']
  const dates = ['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT']
  for (const condition of [...other, ...dates]) {
    assert.equal((await partAfter(condition)).status, 200, condition)
    assert.equal((await partAfter(condition, `bytes=${SIZE}-`)).status, 200, condition)
  }
  plantFiles(root, { 'pub/big.iso': CONTENT.subarray(0, 1000) })
  const changed = await partAfter(headers.etag!)
  assert.equal(changed.status, 200)
  assert.equal(changed.body.length, 1000)
})

test('a client that has the file gets 304', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { headers } = await ask(port, '/pub/big.iso')
  const etag = headers.etag!
  const same = [etag, `W/${etag}`, `"a", ${etag}`, `"a",W/${etag},"b"`, '*', ` ${etag} `]
  const conditions: Record<string, string>[] = [
    ...same.map((tags) => ({ 'If-None-Match': tags })),
    { 'If-Modified-Since': headers['last-modified']! },
    { 'If-None-Match': etag, Range: 'bytes=0-5' },
  ]
  for (const condition of conditions) {
    const answer = await ask(port, '/pub/big.iso', { headers: condition })
    assert.equal(answer.status, 304, JSON.stringify(condition))
    assert.equal(answer.body.length, 0)
  }
  const tag = etag.slice(1, -1)
  for (const tags of ['"other"', '', tag, `"${tag}`, '"a", "b"', `"${tag} "`, '"*"']) {
    const answer = await ask(port, '/pub/big.iso', { headers: { 'If-None-Match': tags } })
    assert.equal(answer.status, 200, tags)
  }
})

test('with --no-files, torrents are served, but no files', async (t) => {
  const { port, stdout, stderr } = await serveMirror(t, { files: FILES, args: ['--no-files'] })
  assert.match(stdout.text, /^open: .*\/-\/status$/m)
  assert.match(stderr.text, /^btkit: warning: --no-files: .* --public-url$/m)
  const { status, body } = await ask(port, '/pub/big.iso')
  assert.equal(status, 404)
  assert.match(body.toString(), /files are not served here/)
  assert.equal((await ask(port, '/pub/.pad/7')).status, 404)
  for (const address of ['/pub/torrent_service/single/pub/big.iso', '/pub/big.iso.torrent'])
    assert.equal((await ask(port, address)).status, 200)
})

const ANY = 'application/octet-stream'

const UTF8 = 'text/plain; charset=utf-8'
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const head = 'x'.repeat(16 * 1024 - 1)

/** Files by the rule for their type: the content of each, and that type. */
const TYPES: Readonly<
  Record<string, Readonly<Record<string, readonly [content: string | Uint8Array, type: string]>>>
> = {
  'the type of a file follows from the extension after its last dot': {
    'pub/a.txt': ['\u0001', UTF8],
    'pub/A.HTML': ['\u0001', 'text/html'],
    'pub/a.tar.gz': ['\u0001', 'application/gzip'],
    'pub/in': ['\u0001', ANY],
    'pub/html': ['\u0001', ANY],
    'pub.txt/in': ['\u0001', ANY],
    'pub/README.unknown': ['\u0001', ANY],
    'pub/a.txt.': ['\u0001', ANY],
    'pub/a.unknown-to-all': ['\u0001', ANY],
    'pub/.html': ['\0x', ANY],
  },
  'files whose names mean text are text, unless their bytes cannot be': {
    ...Object.fromEntries(
      [
        ...['README', 'readme', 'LICENSE', 'COPYING', 'ChangeLog', 'NEWS', 'Makefile'],
        ...['SHA256SUMS', 'MD5SUMS', 'CHECKSUM', 'InRelease', 'Contents-amd64'],
      ].map((name) => [`pub/${name}`, ['Grüße', UTF8]]),
    ),
    'pub/latin1/README': [latin1('Gr\xfc\xdfe'), 'text/plain'],
    'pub/packed/README': [Buffer.from('\x1f\x8b\0\0'), ANY],
    'pub/SHA256SUMS.gpg': ['\u0002x', ANY],
  },
  'a file of an unknown ending is text if it begins like one': {
    ...Object.fromEntries(
      ['a.iso.sha256', 'a.md5', 'a.py', 'a.patch', 'RELEASE-NOTES', 'a.zzz', 'a.sha512'].map(
        (name) => [`pub/${name}`, ['a  ü\r\n\tb\u001b[0m', UTF8]],
      ),
    ),
    'pub/a.iso.asc': ['-----BEGIN PGP SIGNATURE-----\n', UTF8],
    'pub/long.diff': [`x${'ü'.repeat(9000)}`, UTF8],
    'pub/later.zzz': [`${head}x\0`, UTF8],
    'pub/a.zst': [latin1('(\xb5/\xfd'), ANY],
    'pub/b.py': ['x\0', ANY],
    'pub/c.py': ['x\u0003', ANY],
    'pub/d.py': [latin1('Gr\xfc\xdfe'), ANY],
    'pub/e.py': ['', ANY],
    'pub/a.sig': ['text', 'application/pgp-signature'],
  },
  'UTF-8 is declared, and other encodings are not': {
    'pub/utf8.txt': ['Grüße, 世界\n', UTF8],
    'pub/empty.txt': ['', UTF8],
    // The last character of the examined bytes is complete in the file
    'pub/across.txt': [`${head}€ and more`, UTF8],
    'pub/latin1.txt': [latin1('Gr\xfc\xdfe an alle\n'), 'text/plain'],
    'pub/utf16.txt': [Buffer.from('\ufeffhello', 'utf16le'), 'text/plain'],
    'pub/style.css': ['p::before { content: "→" }', 'text/css; charset=utf-8'],
    'pub/data.json': ['"ü"', 'application/json'],
    // The file declares its own encoding
    'pub/page.html': ['<meta charset=iso-8859-1>', 'text/html'],
  },
}

for (const [rule, kinds] of Object.entries(TYPES)) {
  test(`${rule}, also in parts and to HEAD`, async (t) => {
    const files = Object.fromEntries(
      Object.entries(kinds).map(([path, [content]]) => [path, content]),
    )
    const { port } = await serveMirror(t, { files, args: ['--hidden'] })
    for (const [path, [content, type]] of Object.entries(kinds)) {
      for (const [method, isPart] of [
        ['GET', false],
        ['GET', content.length > 0],
        ['HEAD', content.length > 0],
      ] as const) {
        const asked = { method, headers: isPart ? { Range: 'bytes=0-2' } : {} }
        const { status, headers } = await ask(port, `/${path}`, asked)
        assert.ok(status < 300 && headers['x-content-type-options'] === 'nosniff', path)
        assert.equal(headers['content-type'], type, `${method} ${path}`)
      }
    }
  })
}

test('a file replaced by one of the same size and time is another one', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'a.bin': 'A'.repeat(60_000) } })
  const path = join(root, 'a.bin')
  utimesSync(path, 0, 0)
  const { headers } = await ask(port, '/a.bin')
  // As a package manager, and as `touch -r` does
  for (const write of [
    () => {
      writeFileSync(`${path}.new`, 'B'.repeat(60_000))
      utimesSync(`${path}.new`, 0, 0)
      renameSync(`${path}.new`, path)
    },
    () => {
      writeFileSync(path, 'C'.repeat(60_000))
      utimesSync(path, 0, 0)
    },
  ]) {
    write()
    const tag = String(headers.etag)
    const again = await ask(port, '/a.bin', { headers: { 'If-None-Match': tag } })
    assert.equal(again.status, 200)
    assert.notEqual(again.headers.etag, tag)
    const part = await ask(port, '/a.bin', { headers: { Range: 'bytes=9-', 'If-Range': tag } })
    assert.equal(part.status, 200)
  }
})

test('a file that may still change without a trace has a weak tag, and no part of it counts', async (t) => {
  // The clock does not run ahead
  const setup = { files: { 'a.bin': 'content' }, io: { now: () => Date.now() } }
  const { port, root } = await serveMirror(t, setup)
  const young = Date.now() / 1000 + 50
  utimesSync(join(root, 'a.bin'), young, young)
  const { headers } = await ask(port, '/a.bin')
  assert.match(String(headers.etag), /^W\//)
  // A date in the future is not sent (RFC 9110, section 8.8.2.1)
  assert.equal(headers['last-modified'], undefined)
  const resumed = { Range: 'bytes=1-', 'If-Range': String(headers.etag) }
  assert.equal((await ask(port, '/a.bin', { headers: resumed })).status, 200)
})

test('whatever changes below the root is seen by the next request for a known file', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'd/a.bin': 'first' } })
  const get = () => ask(port, '/d/a.bin')
  const known = async () => {
    await get()
    return get()
  }
  assert.equal((await known()).body.toString(), 'first')
  writeFileSync(join(root, 'd/a.bin'), 'second')
  assert.equal((await known()).body.toString(), 'second')
  writeFileSync(join(root, 'd/a.bin.torrent'), 'another file')
  assert.match(String((await get()).headers.link), /^<a\.bin\?torrent>/)
  rmSync(join(root, 'd/a.bin.torrent'))
  assert.match(String((await known()).headers.link), /^<a\.bin\.torrent>/)
  renameSync(join(root, 'd'), join(root, 'e'))
  assert.equal((await get()).status, 404)
  renameSync(join(root, 'e'), join(root, 'd'))
  assert.equal((await known()).status, 200)
  rmSync(join(root, 'd/a.bin'))
  mkdirSync(join(root, 'd/a.bin'))
  assert.equal((await get()).status, 302)
})

test('a file to which a program appends all the time is sent as it was once', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'app.log': 'first' } })
  const appends = `const fs = require('node:fs'); const file = fs.openSync(process.argv[1], 'a')
    for (;;) fs.writeSync(file, 'x')`
  const writer = spawn(process.execPath, ['-e', appends, join(root, 'app.log')])
  t.after(() => writer.kill())
  await until('it grows', () => statSync(join(root, 'app.log')).size > 9)
  for (let time = 0; time < 20; time++) {
    const { status, body } = await ask(port, '/app.log', { headers: { Range: 'bytes=0-9' } })
    assert.deepEqual([status, body.toString()], [206, 'firstxxxxx'])
  }
})

test('pad files of torrents are zeros, for clients that fetch them', async (t) => {
  const files = { 'rel/a': 'a'.repeat(20_000), 'rel/b': 'b'.repeat(20_000) }
  const { port } = await serveMirror(t, { files })
  const { body } = await ask(port, '/rel.torrent?hybrid', { headers: { Host: 'mirror.example' } })
  const { info } = decodeTorrent(body)
  const listed = info['files'] as { readonly path: string[]; readonly length: number }[]
  const pad = listed.find(({ path }) => path[0] === '.pad')!
  const padding = await ask(port, `/rel/${pad.path.join('/')}`)
  assert.ok(padding.body.equals(Buffer.alloc(pad.length)))
  const headers = { Range: 'bytes=10-19' }
  assert.equal((await ask(port, `/rel/.pad/${pad.length}`, { headers })).body.length, 10)
  for (const name of ['0', '-1', 'x', '99999999999']) {
    assert.equal((await ask(port, `/rel/.pad/${name}`)).status, 404, name)
  }
})

test('the torrent of a file from before 1970 has no negative date', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'old.bin': 'content' } })
  // Node has no negative times
  execFileSync('touch', ['-d', '@-5', join(root, 'old.bin')])
  const headers = { Host: 'mirror.example' }
  const { body } = await ask(port, '/old.bin.torrent', { headers })
  assert.equal(decodeTorrent(body)['creation date'], 0)
})
