// In a process of its own: the proxies of the environment are read once
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { requestHttp } from '../../src/base/http-request.js'
import { describeFailure } from '../../src/base/text/network-failure.js'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../support/certificates.js'
import { listenLocally } from '../support/listen.js'
import { makeScratch } from '../support/scratch.js'

const { signal } = new AbortController()
const MODULE = new URL('../../src/base/http-request.js', import.meta.url).href

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
})

test('a proxy that is not one over HTTP is refused, and HTTP_PROXY does not count', async (t) => {
  const own = await startServer(t)
  const code = `import { requestHttp } from ${JSON.stringify(MODULE)}
    const { signal } = new AbortController()
    const url = 'http://tracker.invalid/'
    await requestHttp(url, { signal }).catch(({ message }) => console.log(message))`
  const run = (env: Record<string, string>) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { env }).stdout.toString()
  const refused = 'http_proxy in the environment is not a proxy over HTTP\n'
  assert.equal(run({ http_proxy: 'socks5://127.0.0.1:1' }), refused)
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
    assert.match(untrusted ?? '', /^the certificate is refused: self-signed certificate/)
    assert.equal(noTls, 'no TLS is spoken there')
  },
)
