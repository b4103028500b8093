import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import {
  makeTorrent,
  readBencode,
  type BencodeDict,
  type BencodeValue,
} from '../../src/library/index.js'
import { tracker, type TrackerOptions } from '../../src/library/tracker.js'
import { projectRoot } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const HASH = 'a'.repeat(20)

interface Opened {
  readonly app: FastifyInstance
  readonly address: string
  readonly ask: (path: string, init?: RequestInit) => Promise<BencodeDict>
}

/** An application with a route of its own and trackers, which listens. */
async function open(
  t: TestContext,
  trackers: (TrackerOptions & { prefix?: string })[],
  options: FastifyServerOptions = {},
): Promise<Opened> {
  const app = fastify({ ...options, forceCloseConnections: true })
  app.get('/own', () => ({ own: true }))
  for (const each of trackers) app.register(tracker, each)
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  const ask = async (path: string, init: RequestInit = {}) => {
    const body = await (await fetch(address + path, init)).arrayBuffer()
    return readBencode(new Uint8Array(body), { maxSize: 1e6, maxDepth: 10 }).value as BencodeDict
  }
  return { app, address, ask }
}

function announce({ hash = HASH, peer = 'p', left = 0, more = '' } = {}): string {
  const port = 6800 + peer.charCodeAt(0)
  const id = peer.padEnd(20, '-')
  const query = `info_hash=${hash}&peer_id=${id}&port=${port}&uploaded=0&downloaded=0`
  return `/announce?${query}&left=${left}&compact=1&numwant=50${more}`
}

const AWAY = '/t'

describe('btkit/tracker', () => {
  test('has a catalogue below a prefix', async (t) => {
    const scratch = makeScratch(t, { 'iso/a.iso': 'a' })
    await makeTorrent(join(scratch, 'iso/a.iso'), { output: join(scratch, 'iso/a.torrent') })
    const { address } = await open(t, [{ allowedDir: scratch, prefix: AWAY }])
    const page = await fetch(`${address}${AWAY}/catalogue/iso`)
    assert.equal(page.url, `${address}${AWAY}/catalogue/iso/`)
    assert.match(await page.text(), /href="\.\.\/\.\.\/torrent\?info_hash=[0-9a-f]{40}">a\.iso</)
    const feed = await (await fetch(`${address}${AWAY}/catalogue/feed.xml`)).text()
    assert.match(feed, new RegExp(`href="${address}${AWAY}/torrent\\?`))
    assert.equal((await fetch(`${address}${AWAY}/catalogue/none/`)).status, 404)
  })

  test('introduces peers below a prefix, beside routes of the app', async (t) => {
    const { ask, address } = await open(t, [{ open: true, prefix: AWAY, metrics: true }])
    assert.deepEqual(await (await fetch(`${address}/own`)).json(), { own: true })
    await ask(AWAY + announce({ peer: 'seed' }))
    const answer = await ask(AWAY + announce({ peer: 'leech', left: 1 }))
    assert.equal(answer.get('complete'), 1)
    assert.equal(answer.get('incomplete'), 1)
    assert.deepEqual(answer.get('peers'), Uint8Array.of(127, 0, 0, 1, 0x1b, 0x03))
    const scraped = await ask(`${AWAY}/scrape?info_hash=${HASH}`)
    assert.ok(scraped.get('files'))
    const health = await fetch(`${address}${AWAY}/-/health`)
    assert.equal(health.status, 200)
    const metrics = await (await fetch(`${address}${AWAY}/-/metrics`)).text()
    assert.match(metrics, /btkit_track_answers_total\{.*answered="announce"\} 2/)
  })

  test('shows metrics to nobody, unless the options say so', async (t) => {
    const { address } = await open(t, [{ open: true, prefix: AWAY }])
    assert.equal((await fetch(`${address}${AWAY}/-/metrics`)).status, 404)
    assert.equal((await fetch(`${address}${AWAY}/-/ready`)).status, 200)
  })

  test('reads info hashes that are no UTF-8', async (t) => {
    const { ask } = await open(t, [{ open: true, prefix: AWAY }])
    const hash = '%ff%00%fe%80'.repeat(5)
    await ask(AWAY + announce({ hash, peer: 'seed' }))
    const answer = await ask(AWAY + announce({ hash, peer: 'leech', left: 1 }))
    assert.equal(answer.get('complete'), 1)
  })

  test('tracks only the torrents of a directory, and shows them', async (t) => {
    const scratch = makeScratch(t, { 'image.iso': 'x'.repeat(50_000) })
    const output = join(scratch, 'image.iso.torrent')
    const { infoHash } = await makeTorrent(join(scratch, 'image.iso'), { output })
    const { ask, address } = await open(t, [{ allowedDir: scratch, prefix: AWAY }])
    const hash = (infoHash ?? '').replace(/../g, '%$&')
    assert.equal((await ask(AWAY + announce({ hash }))).get('complete'), 1)
    const refused = await ask(AWAY + announce())
    assert.match(textOf(refused.get('failure reason')), /not authorized/)
    const bare = await fetch(address + AWAY, { redirect: 'manual' })
    assert.equal(bare.headers.get('location'), './t/')
    const page = await (await fetch(`${address}${AWAY}/`)).text()
    assert.match(page, /image\.iso/)
    assert.match(page, new RegExp(encodeURIComponent(`${address}${AWAY}/announce`)))
  })

  test('two trackers of an app have their own swarms', async (t) => {
    const options = { open: true, pages: false }
    const { ask, address } = await open(t, [
      { ...options, prefix: '/one' },
      { ...options, prefix: '/two' },
    ])
    await ask(`/one${announce({ peer: 'seed' })}`)
    const other = await ask(`/two${announce({ peer: 'leech', left: 1 })}`)
    assert.equal(other.get('complete'), 0)
    assert.equal((await fetch(`${address}/one/`)).status, 404)
  })

  test('keeps swarms in a state file, which another tracker cannot use', async (t) => {
    const stateFile = join(makeScratch(t), 'swarms')
    const { app, ask } = await open(t, [{ open: true, stateFile }])
    await ask(announce({ peer: 'seed' }))
    const second = fastify()
    second.register(tracker, { open: true, stateFile })
    await assert.rejects(async () => second.ready(), { code: 'locked' })
    await app.close()
    const later = await open(t, [{ open: true, stateFile }])
    const answer = await later.ask(announce({ peer: 'leech', left: 1 }))
    await later.app.close()
    assert.equal(answer.get('complete'), 1)
  })

  test('answers in inject, with the headers and after the hooks of the app', async (t) => {
    const app = fastify()
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization === undefined) return reply.code(401).send('no')
      reply.header('access-control-allow-origin', '*')
      return undefined
    })
    app.register(tracker, { open: true, prefix: AWAY })
    t.after(() => app.close())
    const url = AWAY + announce()
    assert.equal((await app.inject(url)).statusCode, 401)
    const granted = await app.inject({ url, headers: { authorization: 'x' } })
    assert.equal(granted.headers['access-control-allow-origin'], '*')
    assert.match(granted.body, /8:intervali1800e/)
  })
})

describe('a hostile client of btkit/tracker', () => {
  test('gets a refusal, and the tracker goes on', async (t) => {
    const { ask, address } = await open(t, [{ open: true, prefix: AWAY }])
    const port = Number(new URL(address).port)
    const targets = [
      ...['/t/announce', '/t/announce?', '/t/announce?info_hash=%zz', '/t/scrape?info_hash=1'],
      ...['/t/../announce', '/t/%2e%2e/etc/passwd', '/%74/announce?x', '/tannounce', '/t/-/../x'],
      ...['/t/file?info_hash=../../etc/passwd', `/t/${'announce/'.repeat(1000)}`, '/t//announce'],
      ...[`http://other.example/t/announce?info_hash=${'%00'.repeat(21)}`],
    ]
    for (const target of targets) {
      const answer = await raw(
        port,
        `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      )
      assert.match(answer, /^HTTP\/1\.1 (4\d\d |200 [^]*failure reason)/, target)
    }
    assert.equal((await ask(AWAY + announce())).get('complete'), 1)
  })

  test('cannot claim an address, or pass for many clients', async (t) => {
    const limits = { maxPerAddressInSwarm: 2 }
    const { ask } = await open(t, [{ open: true, limits, prefix: AWAY }], { trustProxy: true })
    const from = (client: string, peer: string, more = '') =>
      ask(AWAY + announce({ peer, left: 1, more }), { headers: { 'x-forwarded-for': client } })
    await from('198.51.100.1', 'a', '&ip=203.0.113.9')
    await from('198.51.100.1', 'b')
    await from('198.51.100.1', 'c')
    const answer = await from('198.51.100.2', 'd')
    const peers = Buffer.from(answer.get('peers') as Uint8Array)
    assert.equal(peers.length, 12)
    assert.equal(peers.includes(Buffer.from([203, 0, 113, 9])), false)
    assert.equal(peers.includes(Buffer.from([198, 51, 100, 1])), true)
  })
})

describe('options of btkit/tracker', () => {
  const wrong: [string, object, RegExp][] = [
    ['nothing to track', {}, /^no torrents to track; give/],
    ['open with a directory', { open: true, allowedDir: '.' }, /^open excludes/],
    ['a directory that is missing', { allowedDir: '/nowhere/at/all' }, /no such directory/],
    ['a list that is missing', { allowedList: '/nowhere/at/all' }, /no such file/],
    ['an unknown name', { open: true, intervall: 1 }, /^intervall: no such option/],
    ['an interval out of range', { open: true, interval: 0 }, /^interval 0: not from 1/],
    ['an unknown scrape', { open: true, scrape: 'all' }, /^scrape all: use/],
    ['a limit out of range', { open: true, limits: { maxPeers: 0 } }, /^maxPeers 0: not/],
    ['a prefix with parameters', { open: true, prefix: '/:user' }, /^prefix .* parameters/],
  ]
  for (const [name, options, message] of wrong) {
    test(`${name} is refused when the app starts`, async () => {
      const app = fastify()
      app.register(tracker, options)
      await assert.rejects(async () => app.ready(), { name: 'BtkitError', message })
      await app.close()
    })
  }

  test('all options are accepted', async (t) => {
    const scratch = makeScratch(t)
    const told: unknown[] = []
    const file = (name: string, content: string) => {
      writeFileSync(join(scratch, name), content)
      return join(scratch, name)
    }
    const { app, ask } = await open(t, [
      {
        prefix: AWAY,
        allowedDir: [scratch],
        allowedList: file('list', `${Buffer.from(HASH).toString('hex')}\n`),
        allowedIps: file('allowed', '127.0.0.1\n'),
        bannedIps: file('banned', '10.0.0.1\n'),
        stateFile: join(scratch, 'state'),
        publicUrl: 'https://tracker.example/t/',
        interval: 600,
        responseSize: 10,
        scrape: 'specific',
        pages: true,
        limits: { maxPeers: 100, maxSwarms: 10, maxPerAddress: 50, maxPerAddressInSwarm: 5 },
        onWarning: (message) => told.push(message),
        onError: (error) => told.push(error),
      },
    ])
    assert.equal((await ask(AWAY + announce())).get('interval'), 600)
    assert.ok((await ask(`${AWAY}/scrape`)).get('failure reason'))
    await app.close()
    assert.deepEqual(told, [])
  })
})

test('a process with a tracker ends by itself when its app is closed', async (t) => {
  const scratch = makeScratch(t, { 'torrents/.keep': '' })
  const script = `
    import { createRequire } from 'node:module'
    const { fastify } = createRequire('${projectRoot}/x')('fastify')
    import { tracker } from '${projectRoot}/dist/bundle/tracker.js'
    const app = fastify()
    app.register(tracker, { allowedDir: 'torrents', stateFile: 'state' })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    console.log((await fetch(address + '/-/health')).status)
    await app.close()`
  const args = ['--input-type=module', '--eval', script]
  const options = { cwd: scratch, timeout: 20_000 }
  const { stdout } = await promisify(execFile)(process.execPath, args, options)
  assert.equal(stdout, '200\n')
})

function textOf(value: BencodeValue | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : ''
}

/** Sends bytes as they are, and returns all that comes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.write(bytes, 'latin1')
  return text(socket)
}
