import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { makeTorrent, parseMetainfo } from '../../src/library/index.js'
import { mirror, type MirrorOptions } from '../../src/library/mirror.js'
import { projectRoot } from '../support/programs.js'
import { until } from '../support/until.js'
import { makeScratch } from '../support/scratch.js'
import { openFiles, unlessProc } from '../support/when-open.js'
import { TRACKER } from '../support/torrents.js'

const FILES = {
  'root/a.iso': 'a'.repeat(100_000),
  'root/docs/b.txt': 'beta\n',
  'root/docs/c.txt': 'gamma\n',
  'other/d.bin': 'd'.repeat(20_000),
  secret: 'nobody may read this',
}

interface Opened {
  readonly app: FastifyInstance
  readonly scratch: string
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  readonly port: number
}

/** An application with a route of its own and mirrors, which listens. */
async function open(
  t: TestContext,
  mirrors: (scratch: string) => (MirrorOptions & { prefix?: string })[],
  options: FastifyServerOptions = {},
): Promise<Opened> {
  const scratch = makeScratch(t, FILES)
  const app = fastify({ ...options, forceCloseConnections: true })
  app.get('/own', () => ({ own: true }))
  app.post('/own', ({ body }) => ({ got: body }))
  for (const each of mirrors(scratch)) {
    app.register(mirror, { threads: 1, trackers: TRACKER, ...each })
  }
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(address + path, { redirect: 'manual', ...init })
  return { app, scratch, ask, port: Number(new URL(address).port) }
}

const belowFiles =
  (options: Partial<MirrorOptions> = {}) =>
  (scratch: string) => [{ root: join(scratch, 'root'), prefix: '/files', ...options }]

async function bytesOf(response: Response): Promise<Uint8Array> {
  assert.equal(response.status, 200)
  return new Uint8Array(await response.arrayBuffer())
}

describe('btkit/mirror', () => {
  test('serves files and their torrents below a prefix, beside routes of the app', async (t) => {
    const { ask, scratch, port } = await open(t, belowFiles())
    assert.deepEqual(await (await ask('/own')).json(), { own: true })
    assert.equal(await (await ask('/files/docs/b.txt')).text(), 'beta\n')
    const metainfo = parseMetainfo(await bytesOf(await ask('/files/a.iso.torrent')))
    const made = await makeTorrent(join(scratch, 'root/a.iso'))
    assert.equal(metainfo.infoHash, made.infoHash)
    assert.equal(metainfo.announce, TRACKER)
    assert.deepEqual(metainfo.webSeeds, [`http://127.0.0.1:${port}/files/a.iso`])
    assert.match(await (await ask('/files/a.iso.magnet')).text(), /^magnet:\?xt=urn:btih:/)
    const status = (await (await ask('/files/-/status.json')).json()) as { version: string }
    assert.match(status.version, /^\d/)
  })

  test('shows metrics to nobody, unless the options say so', async (t) => {
    const { ask } = await open(t, (root) => [
      { root: join(root, 'root'), prefix: '/files' },
      { root: join(root, 'root'), prefix: '/open', metrics: true },
    ])
    assert.equal((await ask('/files/-/metrics')).status, 404)
    await (await ask('/open/a.iso')).arrayBuffer()
    // A request is counted when its answer has been sent
    await until('the request is counted', async () => {
      const metrics = await (await ask('/open/-/metrics')).text()
      return /btkit_requests_total\{.*code="200"/.test(metrics)
    })
  })

  test('gives up a form that arrives too slowly', async (t) => {
    const { port } = await open(t, belowFiles({ limits: { bodyTimeout: 100 } }))
    const head = `POST /files/x/torrent_service/digest/${'0'.repeat(40)} HTTP/1.1\r\nHost: h\r\n`
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\np='
    assert.match(await raw(port, head + form), /^HTTP\/1\.1 408 [^]*arrives too slowly\n$/)
  })

  test('closes the files of pipelined downloads whose client leaves', unlessProc, async (t) => {
    const { port, scratch } = await open(t, belowFiles())
    const large = join(scratch, 'root/large')
    writeFileSync(large, '')
    truncateSync(large, 50_000_000)
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write('GET /files/large HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(3))
    await once(socket, 'readable')
    await until('the file is open', () => openFiles('self').includes(large))
    socket.destroy()
    await until('the file is closed', () => !openFiles('self').includes(large))
  })

  test('answers ranges and HEAD', async (t) => {
    const { ask } = await open(t, belowFiles())
    const part = await ask('/files/docs/b.txt', { headers: { range: 'bytes=1-2' } })
    assert.equal(part.status, 206)
    assert.equal(await part.text(), 'et')
    const head = await ask('/files/a.iso', { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), '100000')
  })

  test('leads from the prefix to its directory, whose links stay below it', async (t) => {
    const { ask } = await open(t, belowFiles())
    const bare = await ask('/files?sort=size')
    assert.equal(bare.status, 302)
    assert.equal(bare.headers.get('location'), './files/?sort=size')
    const page = await (await ask('/files/')).text()
    assert.match(page, /href="\.\/docs\/"/)
    assert.doesNotMatch(page, /href="\//)
    const inner = await ask('/files/docs')
    assert.equal(inner.headers.get('location'), './docs/')
  })

  test('leaves the rest of the app as it is', async (t) => {
    const { ask } = await open(t, belowFiles())
    const posted = await ask('/own', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    })
    assert.deepEqual(await posted.json(), { got: { a: 1 } })
    const missing = (await (await ask('/nowhere')).json()) as { error: string }
    assert.equal(missing.error, 'Not Found')
    const below = await ask('/files/nowhere')
    assert.equal(below.status, 404)
    assert.match(below.headers.get('content-type') ?? '', /^text\/plain/)
    const refused = await ask('/files/a.iso', { method: 'DELETE' })
    assert.equal(refused.status, 405)
  })

  test('runs hooks of the app first, and keeps the whole address for them', async (t) => {
    const scratch = makeScratch(t, FILES)
    const app = fastify()
    const seen: string[] = []
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization !== 'Bearer 1') return reply.code(401).send('no')
      return undefined
    })
    app.addHook('onResponse', (request, _reply, done) => {
      seen.push(request.originalUrl)
      done()
    })
    app.register(mirror, { root: join(scratch, 'root'), prefix: '/files' })
    t.after(() => app.close())
    const url = '/files/docs/b.txt'
    assert.equal((await app.inject(url)).statusCode, 401)
    const granted = await app.inject({ url, headers: { authorization: 'Bearer 1' } })
    assert.equal(granted.body, 'beta\n')
    assert.deepEqual(seen, [url, url])
  })

  test('works at the root, beside routes of the app', async (t) => {
    const { ask } = await open(t, (scratch) => [{ root: join(scratch, 'root') }])
    assert.deepEqual(await (await ask('/own')).json(), { own: true })
    assert.equal(await (await ask('/docs/b.txt')).text(), 'beta\n')
    assert.equal((await ask('/')).status, 200)
  })

  test('two mirrors of an app share a cache', async (t) => {
    const { ask } = await open(t, (scratch) => {
      const cacheDirectory = join(scratch, 'cache')
      return [
        { root: join(scratch, 'root'), prefix: '/one', cacheDirectory },
        { root: join(scratch, 'other'), prefix: '/two/deep', cacheDirectory, trackers: [] },
      ]
    })
    const one = parseMetainfo(await bytesOf(await ask('/one/a.iso.torrent')))
    const two = parseMetainfo(await bytesOf(await ask('/two/deep/d.bin.torrent')))
    assert.deepEqual([one.name, one.announce], ['a.iso', TRACKER])
    assert.deepEqual([two.name, two.announce], ['d.bin', null])
    assert.equal((await ask('/one/d.bin')).status, 404)
  })

  test('publicUrl replaces the Host header in torrents', async (t) => {
    const { ask } = await open(t, belowFiles({ publicUrl: 'https://m.example/pub/' }))
    const { webSeeds } = parseMetainfo(await bytesOf(await ask('/files/a.iso.torrent')))
    assert.deepEqual(webSeeds, ['https://m.example/pub/a.iso'])
  })

  test('does not depend on how the app routes addresses', async (t) => {
    const router = { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }
    const { ask } = await open(t, belowFiles(), { routerOptions: router })
    assert.equal(await (await ask('/files/docs/b.txt')).text(), 'beta\n')
    assert.equal((await ask('/files')).status, 302)
    assert.equal((await ask('/files/')).status, 200)
    assert.equal((await ask('/files/docs/')).status, 200)
    assert.equal((await ask('/FILES/docs/b.txt')).status, 404)
  })
})

describe('a hostile client of btkit/mirror', () => {
  test('cannot leave the root or the prefix', async (t) => {
    const { port, scratch } = await open(t, belowFiles())
    symlinkSync(join(scratch, 'secret'), join(scratch, 'root/link'))
    const targets = [
      ...[
        '/files/../secret',
        '/files/%2e%2e/secret',
        '/files/..%2fsecret',
        '/files/docs/../../secret',
      ],
      ...['/files//secret', '/files/%2fsecret', '/files/.%00./secret', '/files/..\\secret'],
      ...['/files/link', '/files/link.torrent', '/%66iles/../secret', '/filesecret'],
      ...['/files/-/../../secret', '/files/%2d/status', 'http://other.example/files/../secret'],
      ...['/files/x/torrent_service/single/../../../secret', '/files/../../etc/passwd'],
      ...[`/files/${'a/'.repeat(4000)}`, `/files/x/torrent_service/digest/${'f'.repeat(3000)}`],
      ...['/files/%', '/files/%ff', '/files;/secret', '/files\\secret'],
    ]
    for (const target of targets) {
      const answer = await raw(
        port,
        `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      )
      assert.match(answer, /^HTTP\/1\.1 (4\d\d|302) /, target)
      assert.doesNotMatch(answer, /nobody may read|root:/, target)
    }
  })

  test('gets an address with a host in it like any other', async (t) => {
    const { port } = await open(t, belowFiles())
    const target = 'http://other.example/files/docs/b.txt'
    const answer = await raw(port, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 200 [^]*beta\n$/)
  })

  test('meets the limits that the options set', async (t) => {
    const limits = { maxFiles: 1, maxBody: 100 }
    const { ask } = await open(t, belowFiles({ limits }))
    assert.equal((await ask('/files/docs.torrent')).status, 422)
    const post = (length: number) =>
      ask(`/files/x/torrent_service/digest/${'0'.repeat(40)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'a'.repeat(length),
      })
    assert.equal((await post(101)).status, 413)
  })
})

describe('options of btkit/mirror', () => {
  const wrong: [string, object, RegExp][] = [
    [
      'a root that does not exist',
      { root: '/nowhere/at/all' },
      /^root \/nowhere.*no such directory/,
    ],
    ['a root of too long a name', { root: 'x'.repeat(300) }, /^root x+: .*too long/],
    ['no root', {}, /^root: not a path/],
    ['an unknown name', { root: '.', rot: 1 }, /^rot: no such option/],
    ['an unknown limit', { root: '.', limits: { maxfiles: 1 } }, /^maxfiles: no such option/],
    ['a limit out of range', { root: '.', limits: { maxFiles: -1 } }, /^maxFiles -1: not from 1/],
    ['no number', { root: '.', threads: '2' }, /^threads 2: not from/],
    ['a bad tracker', { root: '.', trackers: 'tracker' }, /^tracker 'tracker': not/],
    ['a bad piece length', { root: '.', pieceLength: 100_000 }, /power of two/],
    ['a bad public URL', { root: '.', publicUrl: 'x' }, /^publicUrl x: not/],
    ['warm without a cache', { root: '.', warm: { patterns: ['/**'] } }, /needs cacheDirectory/],
    ['a prefix with parameters', { root: '.', prefix: '/:user/files' }, /^prefix .* parameters/],
  ]
  for (const [name, options, message] of wrong) {
    test(`${name} is refused when the app starts`, async () => {
      const app = fastify()
      app.register(mirror, options as MirrorOptions)
      await assert.rejects(async () => app.ready(), { name: 'BtkitError', message })
      await app.close()
    })
  }

  test('all options are accepted', async (t) => {
    const told: unknown[] = []
    const { ask } = await open(t, (scratch) => [
      {
        root: join(scratch, 'root'),
        prefix: '/files',
        trackers: [TRACKER],
        webSeeds: ['http://other.example/files/'],
        torrents: [join(scratch, 'other')],
        pieceLength: 32_768,
        files: true,
        listings: false,
        hidden: true,
        followSymlinks: true,
        cacheDirectory: join(scratch, 'cache'),
        cacheTrust: 'mtime',
        cacheMaxSize: 1e9,
        warm: { patterns: ['/docs/**'], interval: 60_000, maxRate: 1e9, feedSince: new Date(0) },
        limits: {},
        onWarning: (message) => told.push(message),
        onError: (error) => told.push(error),
      },
    ])
    const { webSeeds, pieceLength } = parseMetainfo(
      await bytesOf(await ask('/files/a.iso.torrent')),
    )
    assert.equal(webSeeds?.[1], 'http://other.example/files/a.iso')
    assert.equal(pieceLength, 32_768)
    assert.match(await (await ask('/files/-/feed.xml')).text(), /<rss/)
    assert.deepEqual(told, [])
  })
})

test('a process with a mirror ends by itself when its app is closed', async (t) => {
  const scratch = makeScratch(t, FILES)
  const script = `
    import { fastify } from 'fastify'
    import { mirror } from 'btkit/mirror'
    const app = fastify()
    app.register(mirror, {
      root: 'root', prefix: '/files', cacheDirectory: 'cache', warm: { patterns: ['/**'] },
    })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const response = await fetch(address + '/files/a.iso.torrent')
    console.log(response.status, (await response.arrayBuffer()).byteLength > 100)
    await app.close()`
  symlinkSync(join(projectRoot, 'node_modules'), join(scratch, 'node_modules'))
  const entry = script.replace('btkit/mirror', join(projectRoot, 'dist/bundle/mirror.js'))
  const args = ['--input-type=module', '--eval', entry]
  const options = { cwd: scratch, timeout: 20_000 }
  const { stdout } = await promisify(execFile)(process.execPath, args, options)
  assert.equal(stdout, '200 true\n')
})

/** Sends bytes as they are, and returns all that comes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.write(bytes, 'latin1')
  return text(socket)
}
