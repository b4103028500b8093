// In a process of its own: the proxies of the environment are read once
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { connectDirectly } from '../../../src/core/remote/http-connection.js'
import { requestHttp } from '../../../src/core/remote/http-request.js'
import { askRemote, RemoteFault } from '../../../src/core/remote/remote-file.js'
import { describeFailure } from '../../../src/base/text/network-failure.js'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { listenLocally } from '../../support/listen.js'
import { makeScratch } from '../../support/scratch.js'

const { signal } = new AbortController()
const MODULE = new URL('../../../src/core/remote/http-request.js', import.meta.url).href

// Ports that browsers and fetch refuse, and nobody here uses
const BLOCKED = [6697, 6669, 6668, 6666, 10_080, 4190, 5061]

/** A server that notes what it is asked for, and answers `ok`; its URL. */
async function startServer(t: TestContext, answer: RequestListener = (_, sent) => sent.end('ok')) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  })
  return { asked, url: `http://127.0.0.1:${await listenLocally(t, server)}/` }
}

async function textOf(url: string, redirects = 0): Promise<string> {
  const { body } = await requestHttp(url, { signal, redirects })
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('a server at a port that browsers block is asked', async (t) => {
  const server = createServer((_, response) => response.end('ok'))
  t.after(() => server.close())
  const port = await firstFree(server)
  if (port === undefined) t.skip('all these ports are in use')
  else assert.equal(await textOf(`http://127.0.0.1:${port}/`), 'ok')
})

/** Listens on the first of the blocked ports that is free. */
async function firstFree(server: Server): Promise<number | undefined> {
  for (const port of BLOCKED) {
    server.listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (isFree) return port
  }
  return undefined
}

test('a user and password in a URL are sent as Basic authorization, to their server only', async (t) => {
  const other = await startServer(t)
  const own = await startServer(t, ({ url }, response) => {
    if (url === '/there') response.writeHead(302, { Location: other.url }).end()
    else response.end('ok')
  })
  const withLogin = own.url.replace('//', '//us%40er:p%2Fw@')
  assert.equal(await textOf(withLogin), 'ok')
  assert.equal(await textOf(`${withLogin}there`, 1), 'ok')
  const sent = [...own.asked, ...other.asked].map(({ headers }) => headers.authorization)
  const basic = `Basic ${Buffer.from('us@er:p/w').toString('base64')}`
  assert.deepEqual(sent, [basic, basic, undefined])
})

test('hosts are asked through the proxy of the environment, except this machine and no_proxy', async (t) => {
  const proxy = await startServer(t, ({ url }, response) => response.end(`proxied ${url}`))
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  // As curl accepts it, without the scheme
  process.env['http_proxy'] = new URL(proxy.url).host
  process.env['no_proxy'] = 'direct.invalid'
  const url = 'http://tracker.invalid:6969/announce?a=1'
  assert.equal(await textOf(url), `proxied ${url}`)
  await assert.rejects(textOf('http://direct.invalid/'))
  const own = await startServer(t)
  assert.equal(await textOf(own.url), 'ok')
  const connect = (to: string) => connectDirectly(new URL(to), {})
  assert.equal(await connect(url), null)
  const socket = await connect(own.url)
  assert.equal(socket?.remoteAddress, '127.0.0.1')
  socket.destroy()
})

test('a server with TLS is asked through a tunnel of the proxy', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'btkit')
  const key = readFileSync(certificateFiles(directory)[1])
  const port = await listenLocally(
    t,
    createTlsServer({ cert, key }, (_, sent) => sent.end('safe')),
  )
  const asked: IncomingMessage[] = []
  let status = 200
  const proxy = createServer().on('connect', (request, socket: Duplex) => {
    asked.push(request)
    socket.write(`HTTP/1.1 ${status} Answer\r\n\r\n`)
    if (status !== 200) return
    const there = connect(port, '127.0.0.1').on('error', () => undefined)
    socket
      .on('error', () => there.destroy())
      .pipe(there)
      .pipe(socket)
  })
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  process.env['https_proxy'] = `http://us%40er:pw@127.0.0.1:${await listenLocally(t, proxy)}`
  process.env['no_proxy'] = '.direct.invalid, other.invalid:81'
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  for (const host of ['tracker.invalid:6969', 'other.invalid', '[2001:db8::1]:70'])
    assert.equal(await textOf(`https://${host}/`), 'safe')
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['tracker.invalid:6969', 'other.invalid:443', '[2001:db8::1]:70'],
  )
  const basic = `Basic ${Buffer.from('us@er:pw').toString('base64')}`
  assert.ok(asked.every(({ headers }) => headers['proxy-authorization'] === basic))
  await assert.rejects(textOf('https://a.direct.invalid/'), { code: 'ENOTFOUND' })
  status = 407
  await assert.rejects(textOf('https://refused.invalid/'), /the proxy answers with status 407/)
})

test('a proxy that cannot be asked, or refuses a login, is named in the place of the host', async (t) => {
  const refusing = createServer((_, response) => response.writeHead(407).end()).on(
    'connect',
    (_, socket: Duplex) => socket.end('HTTP/1.1 407 Authentication Required\r\n\r\n'),
  )
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  const failuresWith = (proxy: string) => {
    Object.assign(process.env, { http_proxy: proxy, https_proxy: proxy })
    const urls = ['http://tracker.invalid/', 'https://tracker.invalid/']
    return Promise.all(
      urls.map((url) => textOf(url).catch((error: unknown) => describeFailure(error, 0))),
    )
  }
  const silent = 'the proxy 127.0.0.1:2: nothing listens there'
  assert.deepEqual(await failuresWith('http://us:pw@127.0.0.1:2'), [silent, silent])
  const refused = 'the proxy answers with status 407'
  const port = await listenLocally(t, refusing)
  assert.deepEqual(await failuresWith(`127.0.0.1:${port}`), [refused, refused])
  const other = `127.0.0.1:${await listenLocally(
    t,
    createTcpServer((socket) => socket.end('SSH-2.0\r\n')),
  )}`
  const unknown = `the proxy ${other}: the answer is not HTTP`
  assert.deepEqual(await failuresWith(other), [unknown, unknown])
})

test('a proxy that is not one over HTTP is refused, and HTTP_PROXY does not count', async (t) => {
  const own = await startServer(t)
  const code = `import { requestHttp } from ${JSON.stringify(MODULE)}
    const { signal } = new AbortController()
    const url = process.env.SCHEME + '://tracker.invalid/'
    await requestHttp(url, { signal }).catch(({ message }) => console.log(message))`
  const run = (env: Record<string, string>, SCHEME = 'http') =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...env, SCHEME },
    }).stdout.toString()
  const refused = 'http_proxy in the environment is not a proxy over HTTP\n'
  const socks = 'socks5://127.0.0.1:1'
  assert.equal(run({ http_proxy: socks, HTTPS_PROXY: own.url }), refused)
  assert.equal(run({ HTTPS_PROXY: socks }, 'https'), refused.replace('http', 'https'))
  assert.doesNotMatch(run({ HTTP_PROXY: own.url }), /proxy/)
  assert.equal(own.asked.length, 0)
})

test(
  'a certificate that is not trusted, and a server without TLS, are named as such',
  unlessOpenssl,
  async (t) => {
    const directory = makeScratch(t)
    const cert = plantCertificate(directory, 'btkit')
    const key = readFileSync(certificateFiles(directory)[1])
    const port = await listenLocally(t, createTlsServer({ cert, key }))
    const plain = await startServer(t)
    const reasons = [`https://127.0.0.1:${port}/`, plain.url.replace('http:', 'https:')].map(
      (url) => textOf(url).catch((error: unknown) => describeFailure(error, 0)),
    )
    const [untrusted, noTls] = await Promise.all(reasons)
    assert.match(
      untrusted ?? '',
      /^the certificate is refused: self-signed certificate; .* NODE_EXTRA_CA_CERTS$/,
    )
    assert.equal(noTls, 'no TLS is spoken there')
  },
)

test('an open connection is not ended when the time to connect is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { url } = await startServer(t, (_, response) => {
    t.mock.timers.tick(10_000)
    response.end('ok')
  })
  assert.equal(await textOf(url), 'ok')
})

/** A server that answers each request with some bytes, and then with others for ever. */
async function startEndless(t: TestContext, first: string, again: string) {
  const requests: string[] = []
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      requests.push(data.toString())
      const send = () => {
        if (!socket.destroyed) socket.write(again, () => setImmediate(send))
      }
      socket.write(first, send)
    })
  })
  return { requests, url: `http://127.0.0.1:${await listenLocally(t, server)}/` }
}

/** Holds up timers of 30 seconds and more until the test ends. Resolves to the next one. */
function holdTimers(t: TestContext): () => Promise<{ ms: number; act: () => void }> {
  const held = new EventEmitter()
  const set = globalThis.setTimeout
  t.mock.method(globalThis, 'setTimeout', ((
    act: (...all: unknown[]) => void,
    ms = 0,
    ...rest: unknown[]
  ) => {
    if (ms < 30_000) return set(act, ms, ...rest)
    setImmediate(() => held.emit('timer', { ms, act }))
    return set(() => undefined, 0)
  }) as typeof set)
  return async () => {
    const [timer] = (await once(held, 'timer')) as [{ ms: number; act: () => void }]
    return timer
  }
}

const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

for (const [what, first, again, ms] of [
  ['103 Early Hints', '', 'HTTP/1.1 103 Early Hints\r\n\r\n', 30_000],
  ['blank lines', '', '\r\n', 30_000],
  ['a status line', 'HTTP/1.1 200 ', 'O', 30_000],
  ['chunk extensions', `${CHUNKED}1`, ';a=b', 60_000],
  ['zeros of a chunk size', CHUNKED, '0', 60_000],
  [
    'bytes of an empty archive',
    `${CHUNKED.trimEnd()}\r\ncontent-encoding: gzip\r\n\r\n`,
    '',
    60_000,
  ],
] as const) {
  test(`content that does not come is given up: ${what}`, { timeout: 30_000 }, async (t) => {
    const { url } = await startEndless(t, first, again)
    const nextTimer = holdTimers(t)
    const read = async () => {
      const { body } = await requestHttp(url, { signal, isContent: true })
      for await (const chunk of body) assert.fail(`${chunk.length} bytes`)
    }
    const failing = assert.rejects(read(), /within (30|60) seconds/)
    for (;;) {
      const timer = await nextTimer()
      if (timer.ms !== ms) continue
      timer.act()
      break
    }
    await failing
  })
}

test('a GET on a kept connection that closes just then is sent again at once, and a POST that reads', async (t) => {
  const asked = new EventEmitter()
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(WHOLE)
      socket.once('data', () => {
        asked.emit('lost')
        socket.destroy()
      })
    })
  })
  const url = `http://127.0.0.1:${await listenLocally(t, server)}/`
  let lost = 0
  asked.on('lost', () => lost++)
  for (let time = 0; time < 4; time++) assert.equal(await textOf(url), 'ok')
  assert.ok(lost > 0)
  const post = async (isRead: boolean) => {
    for (let time = 0; time < 4; time++) {
      const { body } = await requestHttp(url, { signal, body: 'x', isRead })
      for await (const _ of body);
    }
  }
  const before = lost
  await post(true)
  assert.ok(lost > before)
  await assert.rejects(post(false))
})

test('GETs that wait for a connection that closes then are sent again on a new one, once', async (t) => {
  const asked: string[] = []
  const server = createTcpServer((socket) => {
    let isKept = false
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        const [, path = ''] = String(bytes).split(' ')
        asked.push(path)
        if (isKept || path === '/lost') socket.destroy()
        else socket.write(WHOLE)
        isKept = true
      })
  })
  const origin = `http://127.0.0.1:${await listenLocally(t, server)}`
  const get = async (path: string) => {
    const { status, body } = await requestHttp(`${origin}${path}`, { signal, isGuarded: true })
    for await (const _ of body);
    return status
  }
  // More than there are connections to a host
  const paths = Array.from({ length: 120 }, (_, i) => `/${i}`)
  assert.deepEqual(
    await Promise.all(paths.map(get)),
    paths.map(() => 200),
  )
  assert.ok(asked.length > paths.length)
  for (const path of paths) assert.ok(asked.filter((each) => each === path).length <= 2, path)
  await get('/')
  await assert.rejects(get('/lost'), { code: 'ECONNRESET' })
  assert.equal(asked.filter((path) => path === '/lost').length, 2)
})

test('content of which a byte comes each minute is given up', { timeout: 30_000 }, async (t) => {
  let [answer, seconds] = [null as ServerResponse | null, 0]
  const { url } = await startServer(t, (_, response) => {
    answer = response
    response.write('a')
  })
  // Each look at the clock is 59 seconds after the one before
  t.mock.method(process, 'hrtime', () => [(seconds += 59), 0])
  const { body } = await requestHttp(url, { signal, isContent: true })
  let count = 0
  const read = async () => {
    for await (const { length } of body) {
      count += length
      // The second one is the last
      if (count < 2) answer?.write('a')
    }
  }
  await assert.rejects(read(), /less than 64 KiB within 60 seconds/)
  assert.equal(count, 2)
})

/** Answers of which the same request would get the same again. */
const FAULTS: Readonly<Record<string, string>> = {
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  'a NUL in the head': 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  'a head of 20 KB': `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  'another protocol than was asked for':
    'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
}

for (const [what, answer] of Object.entries(FAULTS)) {
  test(`a fault of the server is not tried again: ${what}`, async (t) => {
    const { url, requests } = await startEndless(t, answer, '')
    const fault = await askRemote(url, { signal }).catch((error: unknown) => error)
    assert.ok(fault instanceof RemoteFault)
    assert.match(fault.message, /the answer is not HTTP|answers what nobody asked/)
    assert.deepEqual([fault.wait, requests.length], [null, 1])
  })
}

test('100 Continue that nobody asked for is ignored', async (t) => {
  const { url } = await startEndless(t, `HTTP/1.1 100 Continue\r\n\r\n${WHOLE}`, '')
  assert.equal(await textOf(url), 'ok')
})

test('an answer to HEAD may say that the body would be packed', async (t) => {
  const packed = { 'Content-Encoding': 'gzip', 'Content-Length': '50' }
  const { url } = await startServer(t, (_, sent) => sent.writeHead(200, packed).end())
  for (let time = 0; time < 2; time++) {
    const { headers, body, end } = await requestHttp(url, { signal, isHead: true })
    end()
    for await (const chunk of body) assert.fail(`${chunk.length} bytes`)
    assert.equal(headers.get('content-length'), '50')
  }
})

test('what a server sends after an answer does not count', async (t) => {
  const { url } = await startEndless(t, `${WHOLE}${'more'.repeat(50_000)}`, '')
  for (let time = 0; time < 4; time++) assert.equal(await textOf(url), 'ok')
})

for (const [what, length] of [
  ['a length', 'Content-Length: 65536\r\n'],
  ['no length', ''],
] as const) {
  test(`a slow reader gets all that an HTTP/1.0 server sends with ${what} before it closes`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.0 200 OK\r\n${length}\r\n`))
    })
    const port = await listenLocally(t, server)
    const connected = once(server, 'connection')
    const { body } = await requestHttp(`http://127.0.0.1:${port}/`, { signal })
    const [socket] = (await connected) as [Socket]
    await once(socket.end('x'.repeat(65_536)), 'finish')
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    let bytes = 0
    for await (const chunk of body) bytes += chunk.length
    assert.equal(bytes, 65_536)
  })
}
