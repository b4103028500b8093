import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { remoteDirectory } from '../../../src/core/remote/remote-content.js'
import { openNullCache, type PieceCache } from '../../../src/disk/cache/piece-cache.js'
import { KeptConnections } from '../../../src/core/remote/range-connection.js'
import { readRemote } from '../../../src/core/remote/read-remote.js'
import { askRemote, type RemoteAccess } from '../../../src/core/remote/remote-file.js'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { type FileServer, rangeOf, serveFiles, tagOf } from '../../support/file-server.js'
import { listenLocally } from '../../support/listen.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const MIB = 1024 * 1024
/** Of five parts: one of the four connections is asked for another. */
const LARGE = pseudoRandom(17 * MIB + 5, 5)
/** Of a part for each of three connections. */
const THREE_PARTS = LARGE.subarray(0, 9 * MIB + 5)
const { signal } = new AbortController()
const END = '\r\n\r\n'
const same = (head: string) => head

async function read(url: string, access: RemoteAccess = { signal }): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  // They may be others after the next step
  for await (const bytes of readRemote(await askRemote(url, access), access))
    chunks.push(Uint8Array.from(bytes))
  return Buffer.concat(chunks)
}

const serveLarge = (t: TestContext, content = LARGE) => serveFiles(t, { x: content })

/** Answers requests for ranges with raw bytes, but none that Node's own requests ask. */
function answerRaw(
  server: FileServer,
  respond: (socket: Socket, head: string, part: Buffer) => unknown,
  content = LARGE,
): void {
  server.answer = ({ headers, socket }) => {
    const range = rangeOf(headers)
    // Node's own requests say that a connection is kept
    if (!range || headers.connection !== undefined) return false
    const [start, end] = range
    const lines = [
      'HTTP/1.1 206 Partial Content',
      `Content-Length: ${end - start}`,
      `Content-Range: bytes ${start}-${end - 1}/${content.length}`,
      `ETag: ${tagOf(content)}`,
    ]
    respond(socket, lines.join('\r\n'), content.subarray(start, end))
    return true
  }
}

/**
 * A server of a large file over TLS; `sockets` are its connections. With endless heads it begins
 * such a head for ranges, but for none that Node's own requests ask for.
 */
async function serveOverTls(t: TestContext, hasEndlessHeads: boolean) {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'btkit')
  const key = readFileSync(certificateFiles(directory)[1])
  const sockets = new Set<unknown>()
  const server = createTlsServer({ cert, key }, ({ method, headers, socket }, response) => {
    sockets.add(socket)
    const range = rangeOf(headers)
    if (hasEndlessHeads && range && headers.connection === undefined) {
      // The connection stays open
      socket.write(`HTTP/1.1 206 OK\r\nx: ${'x'.repeat(20_000)}`)
      return
    }
    const [start, end] = range ?? [0, LARGE.length]
    const content = `bytes ${start}-${end - 1}/${LARGE.length}`
    const own = { etag: tagOf(LARGE), 'content-range': content, 'content-length': end - start }
    response.writeHead(206, own).end(method === 'HEAD' ? undefined : LARGE.subarray(start, end))
  })
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const trust = () => (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0')
  return { url: `https://localhost:${await listenLocally(t, server)}/x`, sockets, trust }
}

test('a large file comes over TLS, of a server that is trusted', unlessOpenssl, async (t) => {
  const { url, sockets, trust } = await serveOverTls(t, false)
  await assert.rejects(read(url), /the certificate is refused/)
  trust()
  assert.ok((await read(url)).equals(LARGE))
  // That of the first question, too
  assert.equal(sockets.size, 5)
})

test(
  'a large file is whole though a server sends a long head over TLS',
  unlessOpenssl,
  async (t) => {
    const { url, trust } = await serveOverTls(t, true)
    trust()
    assert.ok((await read(url)).equals(LARGE))
  },
)

/**
 * Answers that are not what was asked for, or not the usual way to send it: a change of the head,
 * and what follows it, before bytes that are wrong in each of them.
 */
const ODD: Readonly<Record<string, readonly [(head: string) => string, ...string[]]>> = {
  'HTTP/1.0': [(head) => head.replace('/1.1', '/1.0'), END],
  'a head of 20 KB': [same, `\r\nx: ${'x'.repeat(20_000)}`, END],
  'a head without end': [same, '\r\nx: y'.repeat(5000)],
  'blank lines': [() => '\r\n'.repeat(20_000)],
  'no HTTP': [() => '\r\n\r\n\0\xff'.repeat(20)],
  'a folded line': [same, '\r\n x: y', END],
  'a bare CR': [same, '\r\nx: a\rContent-Length: 1', END],
  'two lengths': [same, '\r\nContent-Length: 7', END],
  'a shorter length': [(head) => head.replace(/(Length: )\d+/, '$15'), END],
  'another range': [(head) => head.replace('bytes ', 'bytes 1'), END],
  'two ranges': [same, '\r\nContent-Range: bytes 0-1/2', END],
  'another status': [(head) => head.replace('206', '500'), END],
  '100 Continue': [(head) => `HTTP/1.1 100 Continue${END}${head}`, END],
  'chunks with a length': [same, '\r\nTransfer-Encoding: chunked', END],
  'an encoding': [same, '\r\nContent-Encoding: x', END],
  nothing: [() => ''],
}

/** As many bytes, none of them right. */
const wrong = (bytes: Buffer) => bytes.map((byte) => byte ^ 255)

for (const [what, [change, ...rest]] of Object.entries(ODD)) {
  test(`a large file is whole though a server sends ${what}`, async (t) => {
    const server = await serveLarge(t, THREE_PARTS)
    const respond = (socket: Socket, head: string, part: Buffer) => {
      socket.write(change(head) + rest.join(''), 'latin1')
      socket.end(rest.includes(END) ? wrong(part) : '')
    }
    answerRaw(server, respond, THREE_PARTS)
    assert.ok((await read(`${server.url}/x`)).equals(THREE_PARTS))
  })
}

const NAMES = Array.from({ length: 24 }, (_, i) => `f${i}`)

/** Reads the files of a list, of which a cache knows none, and returns their texts. */
async function readList(url: string, cache: PieceCache | null = null): Promise<string[]> {
  const list = { entries: NAMES.map((path) => ({ path })), base: `${url}/` }
  const { arrival } = await remoteDirectory(list, { include: [], exclude: [] }, { signal }, cache)
  const texts: string[] = []
  for (const { begin, content } of arrival.files) {
    begin?.()
    const chunks: Uint8Array[] = []
    for await (const bytes of content as AsyncIterable<Uint8Array>) chunks.push(bytes.slice())
    texts.push(Buffer.concat(chunks).toString())
  }
  return texts
}

const serveList = (t: TestContext) =>
  serveFiles(t, Object.fromEntries(NAMES.map((name) => [name, `text of ${name}`])))

const TEXTS = NAMES.map((name) => `text of ${name}`)

test('small files that nobody knows come with the answers to the first questions', async (t) => {
  const server = await serveList(t)
  assert.deepEqual(await readList(server.url, openNullCache()), TEXTS)
  const got = server.asked.filter((asked) => asked.startsWith('GET'))
  assert.deepEqual(
    [new Set(got.map((asked) => asked.split(' ')[1])).size, server.asked.length],
    [NAMES.length, NAMES.length + 1],
  )
})

test('of files of any length all bytes come, however many come with the first answers', async (t) => {
  const lengths = [5, 16_384, 16_385, 0, 16_383, 3, 100_000, 1, 9]
  const text = (i: number) => 'x'.repeat((lengths[i % lengths.length] ?? 0) + (i > 8 ? i : 0))
  const files = NAMES.map((name, i) => [name, text(i)] as const)
  const server = await serveFiles(t, Object.fromEntries(files))
  const read = async () => (await readList(server.url, openNullCache())).map((each) => each.length)
  const expected = files.map(([, each]) => each.length)
  assert.deepEqual(await read(), expected)
  // And from a server that knows no ranges
  server.answer = ({ method, url = '' }, response) => {
    const bytes = server.files.get(url.slice(1)) ?? Buffer.from('')
    response.writeHead(200, { 'content-length': bytes.length, etag: tagOf(bytes) })
    response.end(method === 'HEAD' ? undefined : bytes)
    return true
  }
  assert.deepEqual(await read(), expected)
})

test('when 32 MiB wait to be read, no further file comes with its state', async (t) => {
  const server = await serveList(t)
  const kept = new KeptConnections(signal)
  const file = {}
  kept.hold(file, new Uint8Array(32 * MIB))
  const ask = (name: string) => askRemote(`${server.url}/${name}`, { signal, kept }, true)
  await ask('f1')
  assert.equal(kept.take(file)?.length, 32 * MIB)
  await ask('f2')
  assert.deepEqual(server.asked, ['HEAD /f1', 'GET /f2 bytes=0-16383'])
})

test('a server that sends other bytes than the first ones is asked for the state', async (t) => {
  const server = await serveList(t)
  server.answer = ({ method, url = '', headers }, response) => {
    if (method === 'HEAD' || headers.range !== 'bytes=0-16383') return false
    const bytes = Buffer.from(`text of ${url.slice(1)}`).subarray(2)
    const range = `bytes 2-${bytes.length + 1}/${bytes.length + 2}`
    response.writeHead(206, { 'content-length': bytes.length, 'content-range': range, etag: '"1"' })
    response.end(bytes)
    return true
  }
  assert.deepEqual(await readList(server.url, openNullCache()), TEXTS)
})

test('the small files of a list come over few connections, which are kept', async (t) => {
  const server = await serveList(t)
  const sockets = new Set<unknown>()
  server.answer = ({ socket }) => {
    sockets.add(socket)
    return false
  }
  assert.deepEqual(await readList(server.url), TEXTS)
  assert.ok(sockets.size <= 12, `${sockets.size} connections`)
  assert.equal(server.asked.length, 2 * NAMES.length)
})

for (const [method, cache] of [
  ['HEAD', null],
  ['GET', null],
  ['GET', openNullCache()],
] as const) {
  for (const [what, [change, ...rest]] of Object.entries(ODD)) {
    // That would be another file
    if (method === 'HEAD' && what === 'a shorter length') continue
    const when = cache ? ' at once' : ''
    test(`the files of a list are whole though a server answers ${method}${when} with ${what}`, async (t) => {
      const server = await serveList(t)
      server.answer = (request, response) => {
        const { headers, socket } = request
        const bytes = Buffer.from(`text of ${request.url!.slice(1)}`)
        // Node's own requests say that a connection is kept
        if (request.method !== method || headers.connection !== undefined) return false
        const range = `bytes 0-${bytes.length - 1}/${bytes.length}`
        const first =
          method === 'HEAD' ? '200 OK' : `206 Partial Content\r\nContent-Range: ${range}`
        const tags = [`Content-Length: ${bytes.length}`, `ETag: ${tagOf(bytes)}`]
        const ranges = method === 'HEAD' ? ['Accept-Ranges: bytes'] : []
        const head = [`HTTP/1.1 ${first}`, ...tags, ...ranges].join('\r\n')
        socket.write(change(head) + rest.join(''), 'latin1')
        socket.end(rest.includes(END) && method === 'GET' ? wrong(bytes) : '')
        response.on('error', () => undefined)
        return true
      }
      assert.deepEqual(await readList(server.url, cache), TEXTS)
    })
  }
}

test('the files of a list are found where they redirect to, and faults name them', async (t) => {
  const server = await serveList(t)
  server.answer = ({ url, headers }, response) => {
    if (url === '/f7' && headers['x'] === undefined) {
      response.writeHead(302, { location: `${server.url}/f8` }).end()
      return true
    }
    return false
  }
  for (const cache of [null, openNullCache()]) {
    server.files.set('f9', Buffer.from('text of f9'))
    assert.deepEqual(await readList(server.url, cache), TEXTS.with(7, 'text of f8'))
    server.files.delete('f9')
    const fault = { code: 'not-found', message: /f9: HTTP status 404/ }
    await assert.rejects(readList(server.url, cache), fault)
  }
})

/**
 * What follows a body: the end of the connection, half-way or not, or bytes that nobody asked for.
 */
const AFTER: Readonly<Record<string, (socket: Socket, head: string, part: Buffer) => void>> = {
  'closes after each answer': (socket, head, part) => socket.write(head + END) && socket.end(part),
  'closes half-way': (socket, head, part) =>
    socket.write(head + END) && socket.end(part.subarray(0, MIB)),
  'sends more than the length': (socket, head, part) =>
    socket.write(head + END) && socket.write(part) && socket.write('more'),
  'answers twice': (socket, head, part) =>
    [0, 1].map(() => socket.write(head + END) && socket.write(part)),
}

for (const [what, respond] of Object.entries(AFTER)) {
  test(`a large file is whole though a server ${what}`, async (t) => {
    const server = await serveLarge(t)
    answerRaw(server, respond)
    assert.ok((await read(`${server.url}/x`)).equals(LARGE))
  })
}

test('heads and bodies that come in pieces of any length', async (t) => {
  const server = await serveLarge(t)
  answerRaw(server, async (socket, head, part) => {
    for (const letter of `${head}\r\n\r`) {
      socket.write(letter)
      await new Promise(setImmediate)
    }
    socket.write(Buffer.concat([Buffer.from('\n'), part.subarray(0, 7)]))
    await new Promise(setImmediate)
    socket.write(part.subarray(7))
  })
  assert.ok((await read(`${server.url}/x`)).equals(LARGE))
})

test('a server that falls silent', async (t) => {
  const server = await serveLarge(t)
  const set = globalThis.setInterval
  t.mock.method(globalThis, 'setInterval', ((act: () => void) => set(act, 1)) as typeof set)
  const closed: Promise<unknown>[] = []
  answerRaw(server, (socket, head) => {
    closed.push(new Promise((resolve) => socket.on('close', resolve)))
    socket.write(head)
  })
  assert.ok((await read(`${server.url}/x`)).equals(LARGE))
  assert.equal((await Promise.all(closed)).length, 4)
})

test('an interruption ends all connections', async (t) => {
  const server = await serveLarge(t)
  const ending = new AbortController()
  const closed: Promise<unknown>[] = []
  server.answer = ({ method, headers, socket }, response) => {
    if (method === 'HEAD') return false
    closed.push(once(socket, 'close'))
    const [start, end] = rangeOf(headers) ?? [0, 0]
    const content = `bytes ${start}-${end - 1}/${LARGE.length}`
    const own = { 'content-range': content, 'content-length': end - start, etag: tagOf(LARGE) }
    response.writeHead(206, own).write(LARGE.subarray(start, start + 100))
    if (closed.length === 4) ending.abort()
    return true
  }
  await assert.rejects(read(`${server.url}/x`, { signal: ending.signal }), { code: 'interrupted' })
  await Promise.all(closed)
  assert.equal(closed.length, 4)
})

test('a login and headers are sent to the origin of the URL only', async (t) => {
  const server = await serveLarge(t)
  const other = await serveLarge(t)
  const seen = new Set<unknown>()
  const note: FileServer['answer'] = ({ method, headers }) => {
    if (method === 'GET') seen.add([headers.authorization, headers['x-key']].join())
    return false
  }
  server.answer = note
  const access = { signal, headers: { 'x-key': 'k' } }
  const url = `${server.url.replace('//', '//u:p@')}/x`
  await read(url, access)
  assert.deepEqual([...seen], [`Basic ${Buffer.from('u:p').toString('base64')},k`])
  seen.clear()
  other.answer = note
  server.answer = (_, response) => {
    response.writeHead(302, { location: `${other.url}/x` }).end()
    return true
  }
  await read(url, access)
  assert.deepEqual([...seen], [','])
})
