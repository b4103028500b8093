import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeTorrent } from '../../../../src/library/index.js'
import { longTest, quickFirst } from '../../../support/long.js'
import { readSlowly } from '../../../support/quick-times.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { type FileServer, rangeOf, serveFiles, tagOf } from '../../../support/file-server.js'
import { mockHttp } from '../../../support/mock-http.js'
import { unlessInstalled } from '../../../support/peers.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { withoutPauses } from '../../../support/pauses.js'
import { assertError, inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const MIB = 1024 * 1024
const LARGE = pseudoRandom(21 * MIB + 5, 3)
const SMALL = pseudoRandom(300_000, 4)

/** A directory with files, and a server that has the same. */
async function workplace(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>) {
  const directory = makeScratch(t, files)
  const server = await serveFiles(t, files)
  const at = (...path: string[]) => join(directory, ...path)
  mkdirSync(at('out'))
  const make = (args: readonly string[]) => runBtkit(['makemetafile', ...args, '--no-date'])
  return { server, at, make, out: at('out.torrent') }
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const testVersion = quickFirst()

for (const version of [['--hybrid'], [], ['--v2']]) {
  testVersion(`the torrent of a URL is that of the file ${version.join('')}`, async (t) => {
    const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE })
    const url = `${server.url}/x.iso`
    const streamed = await make([url, TRACKER, '-o', out, ...version])
    assert.deepEqual([streamed.status, streamed.stderr], [0, ''])
    await make([at('x.iso'), TRACKER, '--web-seed', url, ...version])
    assert.deepEqual(readFileSync(out), readFileSync(at('x.iso.torrent')))
  })
}

test('a server that closes each connection after its answer without saying so is read whole', async (t) => {
  const names = Array.from({ length: 40 }, (_, i) => `r/f${i}`)
  const files = Object.fromEntries(names.map((name, i) => [name, pseudoRandom(2000 + i, i)]))
  const list = names.map((name) => `${sha256(files[name]!)}  ${name.slice(2)}\n`).join('')
  const { server, make, out } = await workplace(t, { ...files, 'r/SHA256SUMS': list })
  server.answer = (_, response) => {
    response.once('finish', () => response.socket?.end())
    return false
  }
  const made = await make(['--files-from', `${server.url}/r/SHA256SUMS`, TRACKER, '-o', out])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  const verified = await runBtkit(['verify', out, '--data', `${server.url}/`])
  assert.deepEqual([verified.status, verified.stderr], [0, ''], verified.stdout)
})

test('a URL needs no tracker beside --trackerless', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const { status, stderr } = await make(['--trackerless', `${server.url}/x.iso`, '-o', out])
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(decodeTorrent(readFileSync(out)).announce, undefined)
})

test('a page is no content: the listing of a directory, or a log-in', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL, 'x.html': '<p>x' })
  server.answer = (_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    return false
  }
  assertError(await make([`${server.url}/x.iso`, TRACKER, '-o', out]), 'io', 'x.iso', 'a web page')
  assert.deepEqual(readdirSync(at('out')), [])
  assert.equal((await make([`${server.url}/x.html`, TRACKER, '-o', out])).status, 0)
})

test('content at a URL of another scheme is wrong usage, wherever it is named', async (t) => {
  const { at, make, out } = await workplace(t, { 'x.iso': SMALL })
  await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
  const why = ': content is read from an http or https URL'
  for (const url of ['ftp://127.0.0.1/x', 'udp://127.0.0.1/x', 'http://a/x,http://b/x']) {
    const list = await make(['--files-from', url, '--trackerless', '-o', out])
    const data = await runBtkit(['verify', at('ref.torrent'), '--data', url])
    const path = await runBtkit(['verify', at('ref.torrent'), url])
    const several = await runBtkit(['verify', at('.'), '--data', url])
    for (const each of [list, data, path, several]) assertError(each, 'usage', `${url}${why}`)
  }
})

test('files and a URL as content are refused in words of content', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  const url = `${server.url}/x.iso`
  const why = `${url}: files and a URL cannot be content of one run; if it is a tracker, `
  const mixed = await make([at('x.iso'), url, TRACKER, '-o', out])
  assertError(mixed, 'usage', why, 'give each with -a')
  const tracker = `${server.url}/tracker.php`
  const two = await make([url, tracker, '-o', out])
  assertError(
    two,
    'usage',
    `several torrents need one; if ${tracker} is the tracker, give it with -a`,
  )
})

test('a mistyped tracker among URLs leaves the torrent that is there', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const wrong = `${server.url}/annonce`
  const result = await make([`${server.url}/x.iso`, wrong, '-o', dirname(out)])
  assertError(result, 'not-found', wrong, 'nothing was written; if it is the tracker')
  assert.equal(existsSync(out), false)
})

test('a large file is read in parts, each byte once', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': LARGE })
  await make([`${server.url}/x.iso`, TRACKER, '-o', out])
  const parts = [0, 4, 8, 12, 16, 20].map(
    (from) => `bytes=${from * MIB}-${Math.min((from + 4) * MIB, LARGE.length) - 1}`,
  )
  const [first, ...others] = server.asked
  assert.equal(first, 'HEAD /x.iso')
  // A server may read what it gets over several connections in another order than it was sent
  const requests = parts.map((range) => `GET /x.iso ${range}`)
  assert.deepEqual(others.sort(), requests.sort())
})

test('an unchanged URL is asked for its state only, another tag has it read again', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const args = [`${server.url}/x.iso`, TRACKER, '-o', out, '--json']
  const first = parseJson(await make(args))
  server.asked.length = 0
  const again = parseJson(await make([...args, '--comment', 'other']))
  assert.deepEqual([first['bytesHashed'], again['bytesHashed']], [SMALL.length, 0])
  assert.equal(again['infoHash'], first['infoHash'])
  assert.deepEqual(server.asked, ['HEAD /x.iso'])
  server.files.set('x.iso', pseudoRandom(SMALL.length, 9))
  const changed = parseJson(await make([...args, '--force']))
  assert.notEqual(changed['infoHash'], first['infoHash'])
})

test('a mirror with the tag of another one is read itself, whatever was read from that', async (t) => {
  const [wrong, right] = [pseudoRandom(SMALL.length, 9), SMALL]
  const mirrors = [await serveFiles(t, { 'x.iso': wrong }), await serveFiles(t, { 'x.iso': right })]
  for (const mirror of mirrors) mirror.tag = () => '"one"'
  const { server, at, make, out } = await workplace(t, { 'r/x.iso': SMALL, 'r/list': 'x.iso\n' })
  await make([at('r/x.iso'), TRACKER, '-o', at('disk.torrent')])
  const { pieces } = decodeTorrent(readFileSync(at('disk.torrent'))).info
  for (const content of [[`${server.url}/r/x.iso`], ['--files-from', `${server.url}/r/list`]]) {
    for (const { url: mirror } of mirrors) {
      server.answer = ({ url = '' }, response) => {
        if (url.endsWith('.iso')) response.writeHead(302, { location: `${mirror}/x.iso` }).end()
        return url.endsWith('.iso')
      }
      await make([...content, TRACKER, '-o', out, '--force'])
    }
    assert.deepEqual(decodeTorrent(readFileSync(out)).info.pieces, pieces)
  }
})

test('--check tells whether the torrent still fits', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const args = [`${server.url}/x.iso`, TRACKER, '-o', out]
  await make(args)
  assert.equal((await make([...args, '--check'])).status, 0)
  server.files.set('x.iso', pseudoRandom(SMALL.length, 9))
  assert.equal((await make([...args, '--check'])).status, 1)
})

test('several URLs make a torrent each, and one that fails does not stop the others', async (t) => {
  const { server, at, make } = await workplace(t, { 'a.iso': SMALL, 'c.iso': 'c' })
  const urls = ['a.iso', 'b.iso', 'c.iso'].map((name) => `${server.url}/${name}`)
  const { status, stderr } = await make([...urls, TRACKER, '-o', `${at('out')}/`])
  assert.deepEqual([status, stderr], [1, `btkit: ${urls[1] ?? ''}: HTTP status 404\n`])
  assert.deepEqual(readdirSync(at('out')), ['a.iso.torrent', 'c.iso.torrent'])
})

test('a URL whose last part begins with announce is the tracker', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const tracker = 'https://t.example/announce.php?key=1'
  await make([tracker, `${server.url}/x.iso`, '-o', out])
  const { announce } = decodeTorrent(readFileSync(out))
  assert.equal(announce, tracker)
})

test('the name is that of Content-Disposition, and never a path', async (t) => {
  const { server, at, make } = await workplace(t, { 'get.php': SMALL })
  const names = [
    ['attachment; filename="y.iso"', 'y.iso'],
    ["attachment; filename=z.iso; filename*=UTF-8''%C3%A4.iso", 'ä.iso'],
    ['attachment; filename="../../etc/passwd"', 'get.php'],
    ["attachment; filename*=utf-8'en'My%20File.iso", 'My File.iso'],
    ['attachment; filename=Survey results 2024.txt', 'Survey results 2024.txt'],
    [Buffer.from('attachment; filename="café.iso"').toString('latin1'), 'café.iso'],
    ['attachment; name="x; filename=wrong.iso"; filename="right \\"1\\".iso"', 'right "1".iso'],
    ["attachment; filename*=UTF-8''a%1b%5b31m%0a", 'get.php'],
    ["attachment; filename*=UTF-8''a%E2%80%AEosi.exe", 'get.php'],
    ["attachment; filename*=UTF-8''a%E2%80%A8b", 'get.php'],
    [`attachment; filename="${'x'.repeat(300)}"`, 'get.php'],
  ]
  for (const [disposition = '', name = ''] of names) {
    server.answer = (_, response) => {
      response.setHeader('content-disposition', disposition)
      return false
    }
    const url = `${server.url}/get.php`
    const { status, stderr } = await make([url, TRACKER, '-o', `${at('out')}/`, '--force'])
    assert.equal(status, 0, stderr)
    assert.ok(readdirSync(at('out')).includes(`${name}.torrent`), name)
    rmSync(at('out', `${name}.torrent`))
  }
})

test('a URL with a query is in no torrent', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  const url = `${server.url}/x.iso?signature=s3cret`
  const refused = await make([url, TRACKER, '-o', out])
  assertError(refused, 'usage', '--web-seed')
  assert.doesNotMatch(refused.stderr, /s3cret/)
  const seed = 'https://public.example/x.iso'
  assert.equal((await make([url, TRACKER, '-o', out, '--web-seed', seed])).status, 0)
  const bytes = readFileSync(out)
  assert.ok(!bytes.includes('s3cret') && bytes.includes(seed))
})

test('a query of a list is in no message, and a list at the root of a host names no directory', async (t) => {
  const { server, make, out } = await workplace(t, {
    SUMS: 'x.iso\n',
    'x.iso': SMALL,
    odd: '../x\n',
  })
  const ofHost = ['--files-from', `${server.url}/SUMS`, TRACKER, '-o', out]
  assertError(await make(ofHost), 'usage', 'move the list and its files into a directory')
  assertError(await make([...ofHost, '--name', 'rel']), 'usage', 'rel', '--web-seed')
  for (const list of ['none', 'odd']) {
    const url = `${server.url}/${list}`
    const { status, stderr } = await make(['--files-from', `${url}?token=s3cret`, TRACKER])
    assert.deepEqual([status, stderr.startsWith(`btkit: ${url}`)], [1, true], stderr)
    assert.doesNotMatch(stderr, /s3cret/)
  }
})

test('no message has a password or a query of a URL', async (t) => {
  const { server, at, make, out } = await workplace(t, { list: 'x.iso\n' })
  const host = new URL(server.url).host
  const urls = [
    'http://MARK@host:99999/f?sig=MARK',
    `http://u:p\\MARK@${host}/f?sig=MARK`,
    `http://u:p#MARK@${host}/f?sig=MARK`,
    `http://u:p/MARK@${host}/f?sig=MARK`,
    `http://u:p?MARK@${host}/f?sig=MARK`,
    `HTTP://u:MARK@${host}/?sig=MARK`,
    `${server.url}/f?sig=MARK`,
    'ftp://u:MARK@host/f?sig=MARK',
  ]
  for (const url of urls) {
    for (const args of [
      [url],
      [url, url],
      ['--files-from', url],
      ['--files-from', at('list'), '--base-url', url],
    ]) {
      const { status, stdout, stderr } = await make([...args, TRACKER, '-o', out])
      assert.notEqual(status, 0)
      assert.doesNotMatch(stdout + stderr, /MARK|internal|_proxy/, args.join(' '))
    }
  }
})

test('long texts of servers and lists are cut in messages', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  const long = 'long'.repeat(2000)
  server.answer = (_, response) => {
    response.setHeader('content-encoding', long)
    return false
  }
  const encoded = await make([`${server.url}/x.iso`, TRACKER, '-o', out])
  writeFileSync(at('list'), `${sha256('a')}  a\n${long}\n`)
  const list = ['--files-from', at('list'), '--base-url', server.url, TRACKER, '-o', out]
  const unlisted = await make(list)
  writeFileSync(at('list'), `${sha256('a')}  ${long}/../a\n`)
  for (const { status, stderr } of [encoded, unlisted, await make(list)]) {
    assert.equal(status, 1)
    assert.ok(stderr.length < 1000, stderr)
  }
})

test('headers of a file are sent to the server, and to none that it redirects to', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  const other = await serveFiles(t, { 'x.iso': SMALL })
  const seen: unknown[] = []
  other.answer = ({ headers }) => {
    seen.push(headers.authorization)
    return false
  }
  server.answer = ({ headers }, response) => {
    if (headers.authorization !== 'Bearer s3cret') response.writeHead(401).end()
    else response.writeHead(302, { location: `${other.url}/x.iso` }).end()
    return true
  }
  const args = [`${server.url}/x.iso`, TRACKER, '-o', out]
  assertError(await make(args), 'not-permitted', server.url, '401')
  writeFileSync(at('headers'), 'Authorization: Bearer s3cret\n')
  assert.equal((await make([...args, '--header-file', at('headers')])).status, 0)
  assert.deepEqual(new Set(seen), new Set([undefined]))
  assert.ok(readFileSync(out).includes(`${server.url}/x.iso`))
  writeFileSync(at('headers'), '\ufeffAuthorization: Bearer s3cret\n')
  assert.equal((await make([...args, '--header-file', at('headers'), '--force'])).status, 0)
  writeFileSync(at('headers'), 'no header\n')
  assertError(await make([...args, '--header-file', at('headers')]), 'usage', 'line 1')
  const own = ['Range', 'if-range', 'Accept-Encoding', 'Content-Length', 'TRANSFER-ENCODING']
  for (const name of [...own, 'Expect', 'Upgrade', 'Connection', 'Host']) {
    writeFileSync(at('headers'), `X-Key: 1\n${name}: x\n`)
    assertError(await make([...args, '--header-file', at('headers')]), 'usage', 'line 2', name)
  }
})

test('a server without ranges is read in one stream', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': LARGE })
  server.answer = streams(LARGE.length, [LARGE])
  const made = await make([`${server.url}/x.iso`, TRACKER, '-o', out])
  assert.equal(made.status, 0)
  assert.match(made.stderr, /^[^\n]*x.iso: its server offers no ranges[^\n]*\n$/)
  assert.deepEqual(server.asked, ['HEAD /x.iso', 'GET /x.iso'])
})

test('a server that says it has ranges, and sends the whole file, is read in one stream', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE, 'y.iso': SMALL })
  server.answer = ({ method, url }, response) => {
    const bytes = url === '/x.iso' ? LARGE : SMALL
    const own = { 'accept-ranges': 'bytes', etag: tagOf(bytes), 'content-length': bytes.length }
    response.writeHead(200, own).end(method === 'HEAD' ? undefined : bytes)
    return true
  }
  for (const name of ['x.iso', 'y.iso']) {
    const url = `${server.url}/${name}`
    assert.equal((await make([url, TRACKER, '-o', out, '--force'])).status, 0)
    await make([at(name), TRACKER, '--web-seed', url])
    assert.deepEqual(readFileSync(out), readFileSync(at(`${name}.torrent`)))
  }
})

test('a server that sends less than the range it was asked for is read in one stream', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE })
  server.answer = ({ headers }, response) => {
    const [start] = rangeOf(headers) ?? [null]
    if (start === null) return false
    const part = LARGE.subarray(start, start + MIB)
    const range = `bytes ${start}-${start + part.length - 1}/${LARGE.length}`
    response.writeHead(206, { 'content-range': range, etag: tagOf(LARGE) }).end(part)
    return true
  }
  const url = `${server.url}/x.iso`
  assert.equal((await make([url, TRACKER, '-o', out])).status, 0)
  await make([at('x.iso'), TRACKER, '--web-seed', url])
  assert.deepEqual(readFileSync(out), readFileSync(at('x.iso.torrent')))
})

test('a server that sends a byte a connection is given up', async (t) => {
  const pauses = withoutPauses(t)
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL.subarray(0, 100) })
  server.answer = ({ method, headers }, response) => {
    const [start, end] = rangeOf(headers) ?? [0, 0]
    if (method === 'HEAD') return false
    const range = { 'content-range': `bytes ${start}-${end - 1}/100` }
    response.writeHead(206, { ...range, 'content-length': end - start })
    response.write(SMALL.subarray(start, start + 1), () => response.destroy())
    return true
  }
  const url = `${server.url}/x.iso`
  const { code, stderr } = await make([url, TRACKER, '-o', out, '--no-cache'])
  const why = `btkit: ${url}: the connection broke off`
  assert.deepEqual([code, stderr], ['io', `${why}; trying again\n${why}\n`])
  assert.equal(pauses.length, 7)
})

test('GET decides if HEAD is refused, whatever its status, and no fragment is sent', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
  for (const status of [400, 404, 405, 500, 503]) {
    server.answer = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(status).end()
      return method === 'HEAD'
    }
    const url = `${server.url}/x.iso#sha256=1`
    const made = await make([url, TRACKER, '-o', out, '--no-cache', '--force'])
    assert.equal(made.status, 0, made.stderr)
    assert.ok(!readFileSync(out).includes('#'))
    const verified = await runBtkit(['verify', at('ref.torrent'), '--data', `${server.url}/x.iso`])
    assert.equal(verified.status, 0, verified.stdout)
  }
})

for (const [what, cut] of [
  ['before its answer', (response: ServerResponse) => response.socket?.destroy()],
  ['in its answer', (response: ServerResponse) => response.socket?.end('HTTP/1.1 200 OK\r\nCont')],
] as const) {
  test(`GET decides if HEAD is cut off ${what}`, async (t) => {
    const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL, list: 'x.iso\n' })
    await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
    server.answer = ({ method }, response) => {
      if (method === 'HEAD') cut(response)
      return method === 'HEAD'
    }
    const url = `${server.url}/x.iso`
    const made = await make([url, TRACKER, '-o', out, '--no-cache'])
    assert.deepEqual([made.status, made.stderr], [0, ''])
    const ofList = ['--files-from', `${server.url}/list`, '--base-url', server.url, '-n', 'x']
    const seed = ['--web-seed', `${server.url}/`, '-o', at('list.torrent')]
    assert.equal((await make([...ofList, TRACKER, ...seed])).status, 0)
    const verified = await runBtkit(['verify', at('ref.torrent'), '--data', url])
    assert.equal(verified.status, 0, verified.stdout)
  })
}

/** A server of two nodes, which answer in turns, and give equal files of this date other tags. */
function twoNodes(server: FileServer, date: string): void {
  let turn = 0
  server.tag = (bytes) => `"${turn++ % 2}-${tagOf(bytes).slice(1)}`
  server.answer = ({ headers }, response) => {
    response.setHeader('last-modified', date)
    if (headers['if-range'] === date) delete headers['if-range']
    return false
  }
}

test('two nodes of a server that have other tags for a file are read as one, by its date', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const files = Object.fromEntries(names.map((name, i) => [`r/${name}`, pseudoRandom(40_000, i)]))
  const all = { ...files, 'r/list': names.join('\n'), 'x.iso': LARGE }
  const { server, at, make, out } = await workplace(t, all)
  const url = `${server.url}/x.iso`
  await make([at('x.iso'), TRACKER, '--web-seed', url])
  twoNodes(server, 'Wed, 21 Oct 2015 07:28:00 GMT')
  const made = await make([url, TRACKER, '-o', out])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  assert.deepEqual(readFileSync(out), readFileSync(at('x.iso.torrent')))
  const verified = await runBtkit(['verify', out, '--data', url])
  assert.equal(verified.status, 0, verified.stdout)
  const set = await make(['--files-from', `${server.url}/r/list`, TRACKER, '-o', at('r.torrent')])
  assert.deepEqual([set.status, set.stderr], [0, ''])
  // A date that may be that of another change proves nothing
  twoNodes(server, new Date().toUTCString())
  assertError(await make([url, TRACKER, '-o', at('no.torrent'), '--no-cache']), 'changed', url)
})

const SET_OPTIONS = [['--pad-files'], ['--v2'], [], ['--hybrid']]

const testSet = quickFirst(2)

for (const options of SET_OPTIONS) {
  testSet(`a changed file of a set is read, and no other ${options.join('')}`, async (t) => {
    const names = ['a.bin', 'b.bin', 'c.bin', 'd.bin']
    const files = names.map((name, i) => [`r/${name}`, pseudoRandom(500_000 + i, i)] as const)
    const { server, at, make, out } = await workplace(t, Object.fromEntries(files))
    writeFileSync(at('list'), names.join('\n'))
    const set = ['--files-from', at('list'), '--base-url', `${server.url}/r`, TRACKER, '-o', out]
    const args = [...set, ...options, '-l', '15', '--force', '--json']
    const first = parseJson(await make(args))
    assert.equal(first['bytesHashed'], 2_000_006)
    const changed = pseudoRandom(500_001, 9)
    server.files.set('r/b.bin', changed)
    writeFileSync(at('r/b.bin'), changed)
    server.asked.length = 0
    const second = parseJson(await make(args))
    const bytes = bytesAsked(server)
    assert.ok(bytes >= 500_001 && bytes <= 500_001 + 2 * 2 ** 15, server.asked.join(', '))
    await make([
      at('r'),
      TRACKER,
      '-o',
      at('disk.torrent'),
      '--exclude',
      'list',
      ...options,
      '-l',
      '15',
    ])
    const disk = decodeTorrent(readFileSync(at('disk.torrent')))
    assert.deepEqual(decodeTorrent(readFileSync(out)).info, disk.info)
    assert.notEqual(
      second['infoHash'] ?? second['infoHashV2'],
      first['infoHash'] ?? first['infoHashV2'],
    )
    assert.equal(parseJson(await make(args))['bytesHashed'], 0)
  })
}

/** The bytes of the ranges that a server was asked for. */
function bytesAsked({ asked }: FileServer): number {
  return asked.reduce((sum, line) => {
    const [, from, to] = /bytes=(\d+)-(\d+)$/.exec(line) ?? []
    return sum + (from === undefined ? 0 : Number(to) - Number(from) + 1)
  }, 0)
}

const testFailed = quickFirst()

for (const version of [['--hybrid'], [], ['--v2']]) {
  testFailed(
    `a reading that failed goes on where it ended, of a file and of a set ${version.join('')}`,
    async (t) => {
      const files = { 'r/a.bin': LARGE.subarray(0, 10 * MIB), 'r/b.bin': LARGE.subarray(10 * MIB) }
      const { server, at, make, out } = await workplace(t, { ...files, 'x.iso': LARGE })
      const sums = Object.entries(files).map(
        ([path, bytes]) => `${sha256(bytes)}  ${path.slice(2)}\n`,
      )
      server.files.set('r/SHA256SUMS', Buffer.from(sums.join('')))
      const list = ['--files-from', `${server.url}/r/SHA256SUMS`]
      // The files of a set have checksums, so one is read as a whole
      const sources = [
        [[`${server.url}/x.iso`], at('x.iso'), 5 * MIB + 5],
        [list, at('r'), 11 * MIB + 5],
      ] as const
      for (const [source, path, rest] of sources) {
        const args = [...source, TRACKER, '-o', out, ...version, '--force', '-l', '18']
        const last = path === at('r') ? 7 * MIB : 17 * MIB
        server.answer = ({ url, headers }, response) => {
          const isGone = (rangeOf(headers)?.[0] ?? 0) >= last && url !== '/r/a.bin'
          if (isGone) response.writeHead(404).end()
          return isGone
        }
        assertError(await make(args), 'not-found', server.url)
        server.answer = () => false
        server.asked.length = 0
        assert.equal((await make(args)).status, 0)
        assert.equal(bytesAsked(server), rest, server.asked.join(', '))
        await make([path, TRACKER, '-o', at('disk.torrent'), ...version, '-l', '18', '--force'])
        const disk = decodeTorrent(readFileSync(at('disk.torrent')))
        assert.deepEqual(decodeTorrent(readFileSync(out)).info, disk.info)
      }
    },
  )
}

test('the checksums of a list are believed, whatever tags a server has for files of one date', async (t) => {
  const names = ['a.bin', 'b.bin', 'c.bin']
  const files = Object.fromEntries(names.map((name, i) => [`r/${name}`, pseudoRandom(90_000, i)]))
  const { server, at, make, out } = await workplace(t, files)
  const run = () => {
    const lines = names.map((name) => `${sha256(readFileSync(at('r', name)))}  ${name}\n`)
    server.files.set('r/SHA256SUMS', Buffer.from(lines.join('')))
    const list = ['--files-from', `${server.url}/r/SHA256SUMS`, TRACKER, '-o', out]
    return make([...list, '-l', '15', '--force', '--json'])
  }
  twoNodes(server, 'Wed, 21 Oct 2015 07:28:00 GMT')
  assert.equal(parseJson(await run())['bytesHashed'], 270_000)
  for (let i = 0; i < 3; i++) assert.equal(parseJson(await run())['bytesHashed'], 0)
  // Beside a file that changed, one that is not what the list says is not believed in part
  const changed = pseudoRandom(90_000, 7)
  writeFileSync(at('r/b.bin'), changed)
  server.files.set('r/b.bin', changed)
  server.files.set('r/a.bin', pseudoRandom(90_000, 8))
  server.tag = (bytes) => tagOf(bytes)
  const wrong = await run()
  assert.deepEqual([wrong.code, /a\.bin: its sha256 is /.test(wrong.stderr)], ['changed', true])
  server.files.set('r/a.bin', readFileSync(at('r/a.bin')))
  const mended = await run()
  assert.equal(mended.status, 0, mended.stderr)
  await make([at('r'), TRACKER, '-o', at('disk.torrent'), '-l', '15'])
  const disk = decodeTorrent(readFileSync(at('disk.torrent')))
  assert.deepEqual(decodeTorrent(readFileSync(out)).info, disk.info)
})

test('a server that lies in a part of a file whose checksum was right before is found out', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'r/a.bin': LARGE, 'r/b.bin': SMALL })
  const lines = [`${sha256(LARGE)}  a.bin`, `${sha256(SMALL)}  b.bin`]
  server.files.set('r/SHA256SUMS', Buffer.from(`${lines.join('\n')}\n`))
  const list = ['--files-from', `${server.url}/r/SHA256SUMS`, TRACKER, '-o', out, '-l', '18']
  server.files.delete('r/b.bin')
  server.answer = ({ url, method }, response) => {
    const isGone = url === '/r/b.bin' && method === 'GET'
    if (url === '/r/b.bin' && !isGone) {
      const headers = { etag: tagOf(SMALL), 'content-length': SMALL.length }
      response.writeHead(200, { ...headers, 'accept-ranges': 'bytes' }).end()
    }
    if (isGone) response.writeHead(404).end()
    return url === '/r/b.bin'
  }
  assertError(await make(list), 'not-found', 'b.bin')
  server.answer = () => false
  const wrong = Buffer.concat([LARGE.subarray(0, 16 * MIB), pseudoRandom(5 * MIB + 5, 9)])
  server.files.set('r/a.bin', wrong).set('r/b.bin', SMALL)
  server.tag = (bytes) => tagOf(bytes === wrong ? LARGE : bytes)
  assertError(await make(list), 'changed', 'a.bin: its sha256 is ')
  assert.equal(existsSync(out), false)
  server.files.set('r/a.bin', LARGE)
  assert.equal((await make(list)).status, 0)
  await make([at('r'), TRACKER, '-o', at('disk.torrent'), '-l', '18'])
  const disk = decodeTorrent(readFileSync(at('disk.torrent')))
  assert.deepEqual(decodeTorrent(readFileSync(out)).info, disk.info)
})

test('files without tags and dates are known by the checksums of their list', async (t) => {
  const { server, make, out } = await workplace(t, { 'r/a.bin': SMALL })
  server.files.set('r/SHA256SUMS', Buffer.from(`${sha256(SMALL)}  a.bin\n`))
  server.answer = ({ url, method }, response) => {
    if (url !== '/r/a.bin') return false
    response.writeHead(200, { 'content-length': SMALL.length })
    response.end(method === 'HEAD' ? undefined : SMALL)
    return true
  }
  const args = ['--files-from', `${server.url}/r/SHA256SUMS`, TRACKER, '-o', out, '--json']
  assert.equal(parseJson(await make(args))['bytesHashed'], SMALL.length)
  assert.equal(parseJson(await make(args))['bytesHashed'], 0)
})

test('a server that wants a log-in: the error says how one is sent', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL, list: 'x.iso\n' })
  await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
  let open: string | undefined
  server.answer = ({ url }, response) => {
    if (url !== open) response.writeHead(401).end()
    return url !== open
  }
  const why = 'HTTP status 401: the server wants a log-in, such as USER:PASSWORD@'
  const url = `${server.url}/x.iso`
  const list = ['--files-from', `${server.url}/list`]
  for (const content of [[url], list, list]) {
    const made = await make([...content, TRACKER, '-o', out])
    assertError(made, 'not-permitted', why, 'or a header of --header-file')
    open = content === list ? '/list' : undefined
  }
  const { stdout } = await runBtkit(['verify', at('ref.torrent'), '--data', url])
  assert.ok(stdout.includes(why), stdout)
  const named = url.replace('//', '//user:wrong@')
  const wrong = await make([named, TRACKER, '--web-seed', 'http://w.example/x.iso', '-o', out])
  assertError(wrong, 'not-permitted', 'the server does not take this user name and password')
  await assert.rejects(makeTorrent(url), { code: 'not-permitted', message: new RegExp(why) })
})

test('a server that is busy for a moment is asked again, for a list and for each file', async (t) => {
  const pauses = withoutPauses(t)
  const { server, make, out } = await workplace(t, {
    'rel/a': 'a',
    'rel/b': '',
    'rel/list': 'a\nb\n',
  })
  server.answer = (_, response) => {
    const turn = server.asked.length % 3
    if (turn > 0) response.writeHead(turn === 1 ? 429 : 503, { 'retry-after': '1' }).end()
    return turn > 0
  }
  const made = await make(['--files-from', `${server.url}/rel/list`, TRACKER, '-o', out])
  assert.equal(made.status, 0, made.stderr)
  assert.ok(pauses.length >= 3)
})

test('a wait for a busy server, as long as that asks for, is reported once', async (t) => {
  const pauses = withoutPauses(t)
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
  const date = 'Wed, 21 Oct 2015 07:28:00 GMT'
  server.answer = (_, response) => {
    // After HEAD without a time, GET decides
    const turn = Math.ceil(server.asked.length / 2)
    const after = [null, '7', 'Wed, 21 Oct 2015 07:28:09 GMT', 'soon'][turn]
    if (after) response.writeHead(503, { 'retry-after': after, date }).end()
    return Boolean(after)
  }
  const url = `${server.url}/x.iso`
  const note = `btkit: ${url}: HTTP status 503; trying again\n`
  const made = await make([url, TRACKER, '-o', out, '--no-cache', '--json'])
  assert.deepEqual([made.status, made.stderr], [0, note])
  assert.ok([7000, 9000].every((asked) => pauses.includes(asked)))
  server.asked.length = 0
  const verify = ['verify', at('ref.torrent'), '--data', url, '--no-cache']
  const verified = await runBtkit(verify)
  assert.deepEqual([verified.status, verified.stderr], [0, note])
  server.asked.length = 0
  assert.equal((await runBtkit([...verify, '--quiet'])).stderr, '')
})

test('a server that asks for a longer wait than any is not asked again', async (t) => {
  const pauses = withoutPauses(t)
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL, list: 'x.iso' })
  await make([at('x.iso'), TRACKER, '-o', at('ref.torrent')])
  const url = `${server.url}/x.iso`
  const why = 'HTTP status 429; the server says to try again in 120 seconds (Retry-After)'
  for (const after of ['120', 'Wed, 21 Oct 2015 07:30:00 GMT']) {
    server.answer = (_, response) => {
      const date = 'Wed, 21 Oct 2015 07:28:00 GMT'
      response.writeHead(429, { 'retry-after': after, date }).end()
      return true
    }
    assertError(await make([url, TRACKER, '-o', out]), 'io', `${url}: ${why}`)
    const ofList = await make(['--files-from', `${server.url}/list`, TRACKER, '-o', out])
    assertError(ofList, 'io', `/list: ${why}`)
    const verified = await runBtkit(['verify', at('ref.torrent'), '--data', url])
    assert.equal(verified.status, 1)
    assert.ok(verified.stdout.includes(why), verified.stdout)
  }
  assert.ok(!pauses.includes(500))
  assert.deepEqual(new Set(server.asked), new Set(['HEAD /x.iso', 'GET /list']))
})

test('a broken connection is resumed where it broke', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE })
  let broken = 0
  server.answer = ({ method, headers }, response) => {
    const [start, end] = rangeOf(headers) ?? [0, 0]
    if (method === 'HEAD' || end - start < 3 * MIB) return false
    broken++
    const range = { 'content-range': `bytes ${start}-${end - 1}/${LARGE.length}` }
    response.writeHead(206, { ...range, 'content-length': end - start, etag: tagOf(LARGE) })
    response.write(LARGE.subarray(start, start + 2 * MIB), () => response.destroy())
    return true
  }
  assert.equal((await make([`${server.url}/x.iso`, TRACKER, '-o', out])).status, 0)
  assert.equal(broken, 5)
  await make([at('x.iso'), TRACKER, '--web-seed', `${server.url}/x.iso`])
  assert.deepEqual(readFileSync(out), readFileSync(at('x.iso.torrent')))
})

test('mirrors with other tags for equal bytes: the one that answered is asked for the rest', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE })
  await make([at('x.iso'), TRACKER, '--web-seed', `${server.url}/get`])
  let turn = 0
  server.answer = ({ url = '' }, response) => {
    if (url === '/get') response.writeHead(302, { location: `/m${turn++ % 2}` }).end()
    return url === '/get'
  }
  for (const name of ['m0', 'm1']) server.files.set(name, LARGE)
  server.tag = (bytes, url) => `"${url}-${tagOf(bytes).slice(1)}`
  const made = await make([`${server.url}/get`, TRACKER, '-o', out, '-n', 'x.iso'])
  assert.equal(made.status, 0, made.stderr)
  assert.deepEqual(readFileSync(out), readFileSync(at('x.iso.torrent')))
  const verified = await runBtkit(['verify', out, '--data', `${server.url}/get`])
  assert.equal(verified.status, 0, verified.stdout)
})

for (const last of ['equal', 'other'] as const) {
  test(`a mirror fails half-way, and another has ${last} bytes with another tag`, async (t) => {
    const { server, at, make, out } = await workplace(t, { 'x.iso': LARGE })
    await make([at('x.iso'), TRACKER, '-o', at('whole.torrent')])
    const others = last === 'equal' ? LARGE : pseudoRandom(LARGE.length, 8)
    server.files.set('m0', LARGE).set('m1', others)
    server.tag = (_, url) => `"${url}"`
    let isGone = false
    server.answer = ({ url = '', headers }, response) => {
      const [start] = rangeOf(headers) ?? [0]
      isGone ||= url === '/m0' && start > 12 * MIB
      const isFailing = isGone && url === '/m0'
      if (isFailing) response.writeHead(403).end()
      if (url === '/get') response.writeHead(302, { location: isGone ? '/m1' : '/m0' }).end()
      return isFailing || url === '/get'
    }
    const url = `${server.url}/get`
    const made = await make([url, TRACKER, '-o', out, '-n', 'x.iso', '--no-cache'])
    isGone = false
    const verified = await runBtkit(['verify', at('whole.torrent'), '--data', url, '--no-cache'])
    if (last === 'equal') {
      assert.deepEqual([made.status, verified.status], [0, 0], made.stderr)
      const [found, whole] = [out, at('whole.torrent')].map((file) =>
        decodeTorrent(readFileSync(file)),
      )
      assert.deepEqual(found!.info, whole!.info)
    } else {
      assertError(made, 'changed', 'changed while it was read')
      assert.equal(existsSync(out), false)
      assert.equal(verified.status, 1)
    }
  })
}

test('a file that changes while one answer sends it is an error', async (t) => {
  const { server, make, out } = await workplace(t, { 'x.iso': SMALL })
  readSlowly(t)
  server.answer = ({ method }, response) => {
    if (method === 'HEAD') return false
    server.files.set('x.iso', pseudoRandom(SMALL.length, 5))
    response.writeHead(200, { etag: tagOf(SMALL), 'content-length': SMALL.length })
    response.end(SMALL)
    return true
  }
  assertError(
    await make([`${server.url}/x.iso`, TRACKER, '-o', out]),
    'changed',
    'changed while it was read',
  )
  assert.equal(existsSync(out), false)
})

test('small files of a list arrive eight at once, over few connections, in its order', async (t) => {
  const names = Array.from({ length: 200 }, (_, i) => `f${i}`)
  const files = Object.fromEntries(names.map((name) => [`rel/${name}`, name]))
  const { server, at, make, out } = await workplace(t, { ...files, 'rel/list': names.join('\n') })
  const waiting: (() => void)[] = []
  let [left, most] = [names.length, 0]
  const sockets = new Set<unknown>()
  server.answer = (request, response) => {
    sockets.add(request.socket)
    if (request.method === 'HEAD' || request.url === '/rel/list') return false
    const name = decodeURIComponent(request.url!.slice('/rel/'.length))
    const answer = () => response.writeHead(200, { etag: tagOf(Buffer.from(name)) }).end(name)
    // The first question, of a file whose length is not known
    if (request.headers.range === 'bytes=0-16383') answer()
    // Each answer waits until as many are asked for as can be
    else waiting.push(answer)
    most = Math.max(most, waiting.length)
    if (waiting.length < Math.min(8, left)) return true
    left -= waiting.length
    for (const answer of waiting.splice(0)) answer()
    return true
  }
  const made = await make(['--files-from', `${server.url}/rel/list`, TRACKER, '-o', out])
  assert.deepEqual([made.status, most], [0, 8], made.stderr)
  // Twelve for questions and eight for files, and two that show that this server sends no lengths
  assert.ok(sockets.size <= 22, `${sockets.size} connections`)
  const list = ['--files-from', at('rel/list'), TRACKER, '-o', at('ref.torrent')]
  await make([at('rel'), ...list, '--web-seed', `${server.url}/`])
  assert.deepEqual(readFileSync(out), readFileSync(at('ref.torrent')))
})

test('small files that are not known are asked for once, known ones for their states only', async (t) => {
  const names = Array.from({ length: 40 }, (_, i) => `f${i}`)
  const files = Object.fromEntries(names.map((name) => [`rel/${name}`, `text of ${name}`]))
  const { server, make, out } = await workplace(t, { ...files, 'rel/list': names.join('\n') })
  const list = `${server.url}/rel/list`
  const askedBy = async (...args: readonly string[]) => {
    server.asked.length = 0
    const made = await make(['--files-from', list, TRACKER, '-o', out, ...args])
    assert.equal(made.status, 0, made.stderr)
    const methods = server.asked.map((asked) => asked.split(' ')[0])
    return ['HEAD', 'GET'].map((method) => methods.filter((each) => each === method).length)
  }
  // The first file shows how small they are; the list itself is asked for, too
  assert.deepEqual(await askedBy('--dry-run'), [40, 1])
  assert.deepEqual(await askedBy(), [1, 41])
  assert.deepEqual(await askedBy('--comment', 'other'), [40, 1])
  assert.deepEqual(await askedBy('--force', '--no-cache'), [1, 41])
})

test('a set is one torrent, whose checksums are checked while it is read', async (t) => {
  const files = { 'rel/empty': '', 'rel/sub/ü 1.txt': 'one', 'rel/x.iso': SMALL }
  const { server, at, make, out } = await workplace(t, files)
  const sums = Object.entries(files).map(
    ([path, bytes]) => `${sha256(bytes)}  ./${path.slice(4)}\n`,
  )
  server.files.set('rel/SHA256SUMS', Buffer.from(sums.join('')))
  const list = ['--files-from', `${server.url}/rel/SHA256SUMS`]
  const made = await make([...list, TRACKER, '-o', out])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  await make([at('rel'), TRACKER, '--web-seed', `${server.url}/`, '-o', at('ref.torrent')])
  assert.deepEqual(readFileSync(out), readFileSync(at('ref.torrent')))
  server.files.set('rel/x.iso', pseudoRandom(SMALL.length, 9))
  const wrong = await make([...list, TRACKER, '-o', at('wrong.torrent')])
  assertError(wrong, 'changed', 'x.iso', 'sha256')
  assert.ok(!existsSync(at('wrong.torrent')))
})

test('a list is read on this machine, from a pipe and from a server, and believed alike', async (t) => {
  const { server, at, out } = await workplace(t, { 'rel/x.iso': 'hello' })
  const list = `${sha256('hello')}  x.iso\n`
  writeFileSync(at('list'), list)
  server.files.set('rel/list', Buffer.from(list))
  for (const code of [null, 'changed']) {
    if (code) server.files.set('rel/x.iso', Buffer.from('hellO'))
    for (const from of [at('list'), '-', `${server.url}/rel/list`]) {
      const base = from.startsWith('http') ? [] : ['--base-url', `${server.url}/rel`]
      const words = ['--files-from', from, ...base, TRACKER, '-o', out, '--force', '--no-date']
      const made = await runBtkit(['makemetafile', ...words], { stdin: inputOf(list) })
      assert.equal(made.code, code, made.stderr)
    }
  }
})

test('gpg --print-md is read as gpg writes it', unlessInstalled('gpg'), async (t) => {
  const long = 'a-rather-long-name-of-a-release-of-a-program-1.2.3-bin.tar.gz'
  const files = { 'rel/x.iso': 'hello', [`rel/${long}`]: 'hello' }
  const { server, at, make, out } = await workplace(t, files)
  for (const name of ['x.iso', long]) {
    for (const how of [['--print-md', 'MD5'], ['--print-md', 'SHA512'], ['--print-mds']]) {
      const args = ['--homedir', at('.'), ...how, name]
      const { stdout } = spawnSync('gpg', args, { cwd: at('rel'), encoding: 'utf8' })
      writeFileSync(at('list'), stdout)
      const list = ['--files-from', at('list'), '--base-url', `${server.url}/rel`]
      const made = await make([...list, TRACKER, '-o', out, '--force'])
      assert.equal(made.status, 0, stdout + made.stderr)
    }
  }
})

test('of what is no list of names, no line is asked for', async (t) => {
  const { server, at, make } = await workplace(t, { 'rel/x.iso': 'hello' })
  const list = 'version: 1\nfiles:\n  - url: x.iso\n'
  writeFileSync(at('list'), list)
  server.files.set('rel/list', Buffer.from(list))
  const base = ['--base-url', `${server.url}/rel`]
  for (const from of [[at('list'), ...base], [`${server.url}/rel/list`]])
    assertError(await make(['--files-from', ...from, TRACKER]), 'metainfo', 'YAML', 'sha256sum')
  assert.deepEqual(
    server.asked.filter((line) => !line.includes('/rel/list')),
    [],
  )
})

test('a wrong digest of 64 digits may be one of BLAKE3, and the error says so', async (t) => {
  const { server, at, make } = await workplace(t, { 'rel/x.iso': 'hello' })
  const refused = async (list: string) => {
    writeFileSync(at('list'), list)
    const base = ['--base-url', `${server.url}/rel`]
    const made = await make(['--files-from', at('list'), ...base, TRACKER])
    assertError(made, 'changed', 'x.iso')
    return made.stderr
  }
  assert.match(await refused(`${sha256('other')}  x.iso\n`), /BLAKE3 has as many digits/)
  assert.doesNotMatch(await refused(`SHA256 (x.iso) = ${sha256('other')}\n`), /BLAKE3/)
})

/** A workplace, and what asserts that it refuses a list of files on its server. */
async function refusing(t: TestContext) {
  const { server, at, make, out } = await workplace(t, { 'rel/x.iso': 'hello' })
  const refuse = async (list: string | Uint8Array, code: Parameters<typeof assertError>[1]) => {
    writeFileSync(at('list'), list)
    const args = ['--files-from', at('list'), '--base-url', `${server.url}/rel`, TRACKER]
    assertError(await make([...args, '-o', out]), code)
  }
  return { server, make, refuse }
}

test('bad lists', async (t) => {
  const { server, make, refuse } = await refusing(t)
  await refuse('../x.iso\n', 'bad-name')
  await refuse('none\n', 'not-found')
  assertError(await make(['--base-url', server.url, TRACKER]), 'usage', '--files-from')
  assert.deepEqual(new Set(server.asked), new Set(['HEAD /rel/none', 'GET /rel/none bytes=0-0']))
})

longTest('bad lists of many millions of bytes', async (t) => {
  const { refuse } = await refusing(t)
  await refuse(`<?xml version="1.0"?><metalink>${'<a/>'.repeat(2.1e6)}</metalink>`, 'too-large')
  await refuse(`-----BEGIN PGP SIGNED MESSAGE-----\n${'a\n'.repeat(20e6)}`, 'too-many')
  await refuse('./'.repeat(20e6), 'bad-name')
  await refuse(`<metalink><file name="${'./'.repeat(3e6)}"/></metalink>`, 'bad-name')
  await refuse(`${'x/'.repeat(20e6)}..`, 'bad-name')
})

test('a list is left with its first file that is not there', async (t) => {
  const { server, at, make, out } = await workplace(t, { 'x.iso': SMALL })
  const names = Array.from({ length: 500 }, (_, i) => `f${i}`)
  writeFileSync(at('list'), `${names.join('\n')}\n`)
  const list = ['--files-from', at('list'), '--base-url', server.url]
  assertError(await make([...list, TRACKER, '-o', out]), 'not-found', '/f')
  // Waits for its turn, which requests that are left would delay
  await make([`${server.url}/x.iso`, TRACKER, '-o', out])
  // HEAD and then GET of the 16 that are asked at once, and the file
  assert.ok(server.asked.length <= 2 * 16 + 2, `${server.asked.length} requests`)
})

test('a page in the place of a list ends its connection', async (t) => {
  const { server, make, out } = await workplace(t, {})
  const ended: Promise<unknown>[] = []
  server.answer = ({ socket }, response) => {
    ended.push(new Promise((resolve) => socket.on('close', resolve)))
    response.writeHead(200, { 'content-type': 'text/html' }).end('x'.repeat(20e6))
    return true
  }
  const list = `${server.url}/SHA256SUMS`
  assertError(await make(['--files-from', list, TRACKER, '-o', out]), 'io', 'a web page')
  assert.equal((await Promise.all(ended)).length, 1)
})

test('a list that stops to arrive is an error of its server', async (t) => {
  const late = Object.assign(new Error('late'), { name: 'BodyTimeoutError' })
  mockHttp(t, () => {
    const body = new ReadableStream({
      pull: (controller) => {
        controller.error(late)
      },
    })
    return Promise.resolve(new Response(body))
  })
  const list = 'http://127.0.0.1:1/SUMS'
  const result = await runBtkit(['makemetafile', '--files-from', list, TRACKER])
  assertError(result, 'io', list, 'no answer within 60 seconds')
})

type Answer = FileServer['answer']

/** Answers a GET in another way than the HEAD before it led to expect. */
const WRONG: Readonly<Record<string, readonly [Parameters<typeof assertError>[1], Answer]>> = {
  'more bytes than were told': ['changed', streams(LARGE.length, [LARGE, LARGE])],
  'bytes without an end': ['changed', streams(5, [LARGE, LARGE])],
  'fewer bytes than were told': ['io', streams(LARGE.length + 1, [LARGE])],
  'compressed bytes': ['io', replies(200, { 'content-encoding': 'br' })],
  'packed bytes': ['io', replies(200, { 'transfer-encoding': 'gzip, chunked' })],
  'the whole file for a range': ['changed', replies(200, {})],
  'another range': ['io', replies(206, { 'content-range': `bytes 5-9/${LARGE.length}` })],
  'another size': ['io', replies(206, { 'content-range': 'bytes 0-4194303/99999999' })],
  'a range that is not there any more': ['changed', replies(416, {})],
  'another tag': [
    'changed',
    (request, response) => {
      response.setHeader('etag', '"other"')
      const range = `bytes ${(request.headers.range ?? '').slice(6)}/${LARGE.length}`
      return replies(206, { 'content-range': range })(request, response)
    },
  ],
  'a status': ['io', replies(418, {})],
  'what is not there any more': ['not-found', replies(404, {})],
  'a length whose digests no torrent can hold': [
    'too-large',
    (_, response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': 999e12, 'accept-ranges': 'bytes' })
      response.end()
      return true
    },
  ],
  'a redirect to a file': ['io', replies(302, { location: 'file:///etc/passwd' })],
}

function replies(status: number, headers: Readonly<Record<string, string>>): Answer {
  return ({ method }, response) => {
    if (method !== 'HEAD') response.writeHead(status, headers).end('x')
    return method !== 'HEAD'
  }
}

/** A server without ranges that tells one length, and sends chunks. */
function streams(length: number, chunks: readonly Uint8Array[]): Answer {
  return ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(200, { 'content-length': length }).end()
    else {
      for (const chunk of chunks) response.write(chunk)
      response.end()
    }
    return true
  }
}

for (const [what, [code, answer]] of Object.entries(WRONG)) {
  test(`nothing is written after ${what}`, async (t) => {
    const { server, make, out } = await workplace(t, { 'x.iso': LARGE })
    server.answer = answer
    assertError(await make([`${server.url}/x.iso`, TRACKER, '-o', out]), code, server.url)
    assert.ok(!existsSync(out))
  })
}

/** Answers with other bytes than were asked for, and what is said of the server. */
const OTHER_BYTES: readonly (readonly [said: string, path: string, answer: Answer])[] = [
  ['the server sends another range than it was asked for', '/x.iso', partOfAll],
  ['the server sends another range than it was asked for', '/list', partOfAll],
  [
    'sends more than 4194304 bytes for a range of so many',
    '/x.iso',
    ({ method, headers }, response) => {
      if (method === 'HEAD') return false
      const range = `bytes ${(headers.range ?? '').slice(6)}/${LARGE.length}`
      response.writeHead(206, { etag: tagOf(LARGE), 'content-range': range }).end(LARGE)
      return true
    },
  ],
]

function partOfAll({ method }: IncomingMessage, response: ServerResponse): boolean {
  const length = { 'content-length': LARGE.length }
  const part = { 'content-range': `bytes 0-4/${LARGE.length}` }
  if (method === 'HEAD') response.writeHead(200, length).end()
  else response.writeHead(206, part).end('12345')
  return true
}

for (const [said, path, answer] of OTHER_BYTES) {
  test(`an error of ${path}: ${said}`, async (t) => {
    const { server, make, out } = await workplace(t, { 'x.iso': LARGE, list: 'x.iso\n' })
    server.answer = answer
    const url = `${server.url}${path}`
    const source = path === '/list' ? ['--files-from', url] : [url]
    const { status, stderr } = await make([...source, TRACKER, '-o', out])
    assert.deepEqual([status, stderr], [1, `btkit: ${url}: ${said}\n`])
  })
}

test('a file that is said to be empty is asked for', async (t) => {
  const { server, at, make, out } = await workplace(t, { a: 'a', b: '' })
  writeFileSync(at('list'), 'a\nb\n')
  const args = ['--files-from', at('list'), '--base-url', `${server.url}/rel`, TRACKER, '-o', out]
  const files = new Map([['/rel/a', 'a']])
  server.answer = ({ method, url = '' }, response) => {
    const bytes = files.get(url) ?? ''
    response.writeHead(200, method === 'HEAD' ? { 'content-length': bytes.length } : {})
    response.end(method === 'HEAD' ? '' : bytes || 'not empty')
    return true
  }
  assertError(await make(args), 'changed', '/rel/b', 'more than 0 bytes')
  assert.ok(!existsSync(out))
})

test('no redirect leads from the internet into a private network, or from TLS to none', async (t) => {
  const out = join(makeScratch(t), 'out.torrent')
  const cases = [
    ['http://93.184.216.34/x', 'http://127.0.0.1/x', 'private network'],
    ['http://93.184.216.34/x', 'http://[::1]/x', 'private network'],
    ['https://93.184.216.34/x', 'http://93.184.216.34/x', 'TLS'],
  ]
  for (const [from = '', to = '', why = ''] of cases) {
    const asked: string[] = []
    mockHttp(t, (url) => {
      asked.push(url)
      return Promise.resolve(new Response(null, { status: 302, headers: { location: to } }))
    })
    assertError(await runBtkit(['makemetafile', from, TRACKER, '-o', out]), 'io', from, why)
    assert.deepEqual(asked, [from])
  }
})

test('options that need a file are refused', async (t) => {
  const { server, make } = await workplace(t, { 'x.iso': SMALL })
  const url = `${server.url}/x.iso`
  assertError(await runBtkit(['makemetafile', url, TRACKER, '--date', 'mtime']), 'usage', '--date')
  const dry = await make([url, TRACKER, '--dry-run'])
  assert.equal(dry.status, 0)
  assert.match(dry.stdout, /would write/)
})
