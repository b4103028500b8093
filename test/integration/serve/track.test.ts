import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMagnet } from '../../../src/metainfo/magnet.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { USUAL } from '../../../src/tracker/app/settings.js'
import { ask } from '../../mirror/ask.js'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { findFreePort } from '../../support/opentracker.js'
import { fetchSingle } from '../../support/clients.js'
import { serveLocally } from '../../support/listen.js'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { announceQuery, compactPeers, decodeAnswer } from '../../support/track.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { until } from '../../support/until.js'

const files = { 'pub/a.iso': 'content', 'pub/b.iso': 'other' }

test('with --track, torrents name the tracker, and are tracked once they are made', async (t) => {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/announce`
  const here = torrentOf(singleFileInfo({ name: 'here' }))
  const allowed = makeScratch(t, { 'here.torrent': here })
  const args = ['--host', '127.0.0.1', '--track', url, '--allowed-dir', allowed]
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const torrent = parseMetainfo(await fetchSingle(mirror, 'pub/a.iso'))
  assert.equal(torrent.announce, url)
  const answerTo = async (infoHash: string | null) => {
    const response = await fetch(`http://127.0.0.1:${port}${announceQuery(infoHash ?? '')}`)
    return response.text()
  }
  assert.match(await answerTo(torrent.infoHash), /8:completei1e/)
  assert.match(await answerTo(parseMetainfo(here).infoHash), /8:completei1e/)
  assert.match(await answerTo('ab'.repeat(20)), /not authorized/)
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  assert.ok(page.includes(url), page)
  assert.match(page, />a\.iso</)
  assert.match(page, />pub<\/a> · 7 B · </)
  const listing = await (await fetch(`${mirror.address}/pub/`)).text()
  assert.match(listing, new RegExp(`<a href="http://127.0.0.1:${port}/catalogue/" >Torrents</a>`))
  // Programs that follow this link from the mirror would get each order of all lists
  const robots = await fetch(`http://127.0.0.1:${port}/robots.txt`)
  assert.equal(await robots.text(), 'User-agent: *\nDisallow: /\n')
  const swarms = [...listing.matchAll(/details" rel="nofollow"(?: title="([^"]*)")?/g)]
  assert.deepEqual(
    swarms.map(([, title]) => title),
    ['1 seed, 0 leechers', undefined],
  )
  const details = await (await fetch(`${mirror.address}/-/view/pub/a.iso.details`)).text()
  const history = /<a href="([^"]+)"\s*>its page at the tracker</.exec(details)?.[1] ?? ''
  assert.match(await (await fetch(history)).text(), /<h1>a\.iso<[^]*<dt>Seeds<\/dt>/)
  const { entries } = (await (await fetch(`${mirror.address}/pub/?json`)).json()) as {
    entries: { name: string; seeds?: number; leechers?: number }[]
  }
  assert.deepEqual(
    entries.map(({ name, seeds, leechers }) => [name, seeds, leechers]),
    [
      ['a.iso', 1, 0],
      ['b.iso', undefined, undefined],
    ],
  )
  await mirror.stop()
  // A torrent with a swarm stays tracked, even before anybody asks for it again
  const again = await serveMirror(t, { root: mirror.root, args, io: { env } })
  assert.match(await answerTo(torrent.infoHash), /8:completei1e/)
  assert.match(await answerTo('ab'.repeat(20)), /not authorized/)
  await again.stop()
})

test('the own seed announces all its torrents, whatever the limit of an address is', async (t) => {
  const { maxPerAddress } = USUAL.limits
  Object.assign(USUAL.limits, { maxPerAddress: 1 })
  t.after(() => Object.assign(USUAL.limits, { maxPerAddress }))
  for (const scheme of ['http', 'udp']) {
    const url = `${scheme}://127.0.0.1:${await findFreePort()}/announce`
    const seed = ['--host', '127.0.0.1', '--seed', '--seed-port', '0']
    const env = { BTKIT_STATE_DIR: makeScratch(t) }
    const mirror = await serveMirror(t, { files, args: ['--track', url, ...seed], io: { env } })
    const tracker = url.replace('udp', 'http').replace('/announce', '')
    for (const path of Object.keys(files)) {
      const { infoHash } = parseMetainfo(await fetchSingle(mirror, path))
      const scrape = tracker + announceQuery(infoHash ?? '').replace('announce', 'scrape')
      await until(`${path} is announced`, async () => {
        return (await (await fetch(scrape)).text()).includes('8:completei1e')
      })
    }
    await mirror.stop()
  }
})

test('the own seed is at the own tracker, whose name leads nowhere and whose limits are no secret', async (t) => {
  const told: string[] = []
  const other = await serveLocally(t, (request, response) => {
    told.push(request.url ?? '')
    response.end('d8:intervali1800e5:peers0:e')
  })
  const port = await findFreePort()
  // Behind a router, or with a name server of its own, the machine may not reach this name
  const track = ['--track', 'http://tracker.invalid/announce', '--track-port', `${port}`]
  const trackers = [...track, '--tracker', `http://127.0.0.1:${other}/announce`]
  const args = ['--host', '127.0.0.1', ...trackers, '--seed', '--seed-port', '0']
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const { infoHash, announceList } = parseMetainfo(await fetchSingle(mirror, 'pub/a.iso'))
  assert.ok(announceList?.flat().includes('http://tracker.invalid/announce'))
  const askWith = async (fields: Parameters<typeof announceQuery>[1]) => {
    const query = announceQuery(infoHash ?? '', { left: 1, ...fields })
    return (await fetch(`http://127.0.0.1:${port}${query}`)).text()
  }
  await until('the seed is known', async () => /8:completei[12]e/.test(await askWith({})))
  await until('the other tracker is told', () => Promise.resolve(told.length > 0))
  // A stranger with the key that the other tracker got has the limits of all
  const [, key = ''] = /key=([0-9a-f]{8})/.exec(told[0] ?? '') ?? []
  const { maxPerAddressInSwarm } = USUAL.limits
  const answers: string[] = []
  for (let n = 0; n <= maxPerAddressInSwarm; n += 1)
    answers.push(await askWith({ peer: `${n}`, port: 1000 + n, key }))
  assert.match(answers.at(-1) ?? '', /failure reason/)
})

longTest("magnet links of a tracker over UDP name it, not the mirror's address", async (t) => {
  const port = await findFreePort()
  const allowed = makeScratch(t, { 'here.torrent': torrentOf(singleFileInfo({ name: 'here' })) })
  const args = ['--host', '127.0.0.1', '--public-url', 'https://mirror.example/pub']
  const track = ['--track', `udp://127.0.0.1:${port}`, '--allowed-dir', allowed]
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  await serveMirror(t, { files, args: [...args, ...track], io: { env } })
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  const trackers = [...page.matchAll(/tr=([^&"]+)/g)].map(([, url = '']) => decodeURIComponent(url))
  assert.deepEqual(trackers, [`http://127.0.0.1:${port}/announce`])
})

longTest('the tracker trusts the proxies that the mirror trusts', async (t) => {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/announce`
  const args = ['--host', '127.0.0.1', '--track', url, '--trust-proxy', '127.0.0.1']
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const { infoHash } = parseMetainfo(await fetchSingle(mirror, 'pub/a.iso'))
  const ask = async (peer: string, client: string) => {
    const headers = { 'X-Forwarded-For': client }
    const path = announceQuery(infoHash ?? '', { peer, port: 25, left: 1 })
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return compactPeers(decodeAnswer(new Uint8Array(await response.arrayBuffer())))
  }
  await ask('a', '198.51.100.7')
  assert.deepEqual(await ask('b', '198.51.100.8'), ['198.51.100.7:25'])
})

test("web seeds in the tracker's magnet links are at the host of its visitor", async (t) => {
  const [port, own] = [await findFreePort(), await findFreePort()]
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--state-dir', makeScratch(t)]
  const place = ['--host', '127.0.0.1', '--port', String(own)]
  const seedsOf = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/index.json`)
    const { torrents } = (await answer.json()) as { torrents: { magnet: string }[] }
    return torrents.map(({ magnet }) => new URLSearchParams(magnet.split('?')[1]).getAll('ws'))
  }
  const mirror = await serveMirror(t, { files, args: [...place, ...track] })
  // A stranger, whose host must not be that of others
  await ask(own, '/pub/a.iso.torrent', { headers: { Host: 'evil.example' } })
  assert.deepEqual(await seedsOf(), [[`http://127.0.0.1:${own}/pub/a.iso`]])
  await mirror.stop()
  const url = 'https://mirror.example/all'
  await serveMirror(t, { files, args: [...place, ...track, '--public-url', url] })
  await ask(own, '/pub/a.iso.torrent')
  assert.deepEqual(await seedsOf(), [[`${url}/pub/a.iso`]])
})

/** An address of this machine at which no other test has port 6969. */
function ownAddress(): string {
  return ['127', ...Array.from({ length: 3 }, () => randomInt(1, 255))].join('.')
}

/** Serves a mirror with a tracker at port 6969, whose announce URL is not given. */
async function serveTracked(t: TestContext, args: readonly string[] = []) {
  const host = ownAddress()
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const own = ['--track', '--host', host, ...args]
  const { port } = await serveMirror(t, { files, args: own, io: { env } })
  const get = (path: string, name: string) => ask(port, path, { host, headers: { Host: name } })
  const announceFor = async (name: string) => {
    return parseMetainfo((await get('/pub/a.iso.torrent', name)).body).announce
  }
  return { host, port, get, announceFor }
}

/** The body of an answer over TLS, whatever the certificate. */
function askSecurely(place: { host: string; port: number; path: string }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, rejectUnauthorized: false, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        resolve(Buffer.concat(chunks))
      })
    })
    asked.on('error', reject).end()
  })
}

test('--track without a URL names the host that each client asked', async (t) => {
  const { host, get, announceFor } = await serveTracked(t)
  const urls = {
    'one.example': 'http://one.example:6969/announce',
    'two.example:8080': 'http://two.example:6969/announce',
    '[2001:db8::1]:8080': 'http://[2001:db8::1]:6969/announce',
  }
  // The second answer to a host may be one that is kept
  for (const [name, url] of [...Object.entries(urls), ...Object.entries(urls)]) {
    assert.equal(await announceFor(name), url)
    const magnet = parseMagnet((await get('/pub/a.iso.magnet', name)).body.toString().trim())
    assert.deepEqual(magnet.trackers, [url])
    const status = (await get('/-/status.json', name)).body.toString()
    assert.deepEqual((JSON.parse(status) as { trackers: string[] }).trackers, [url])
    assert.ok((await get('/-/status', name)).body.includes(`<code>${url}<`))
  }
  const [one, two] = [
    await get('/pub/a.iso.torrent', 'one.example'),
    await get('/pub/a.iso.torrent', 'two.example'),
  ]
  assert.notEqual(one.headers.etag, two.headers.etag)
  assert.equal((await get('/pub/a.iso.torrent', 'one/example')).status, 400)
  const { infoHash } = parseMetainfo(one.body)
  const response = await fetch(`http://${host}:6969${announceQuery(infoHash ?? '')}`)
  assert.match(await response.text(), /8:completei1e/)
})

test("the pages of --track without a URL lead to the tracker's page", async (t) => {
  const { get } = await serveTracked(t)
  const listing = (await get('/pub/', 'm.example:8080')).body.toString()
  const [, link = ''] = /<a href="([^"]*)" >Torrents</.exec(listing) ?? []
  const { pathname } = new URL(link, 'http://m.example:8080/pub/')
  const { status, headers } = await get(pathname, 'm.example:8080')
  assert.deepEqual([status, headers.location], [302, 'http://m.example:6969/catalogue/'])
})

test('a file has a magnet link once its torrent was sent, with the tracker of its visitor', async (t) => {
  const { get, host: place, port } = await serveTracked(t)
  const linkFor = async (host: string) => {
    const asked = { host: place, headers: { Host: host, Accept: 'text/html' } }
    const page = (await ask(port, '/-/view/pub/a.iso.details', asked)).body.toString()
    return /href="(magnet:[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? null
  }
  assert.equal(await linkFor('first.example:8080'), null)
  const { infoHash } = parseMetainfo((await get('/pub/a.iso.torrent', 'm.example:8080')).body)
  for (const host of ['m.example', 'other.example']) {
    const link = parseMagnet((await linkFor(`${host}:8080`)) ?? '')
    assert.equal(link.infoHash, infoHash)
    assert.deepEqual(link.trackers, [`http://${host}:6969/announce`])
  }
})

test('--track without a URL names the host of --public-url', async (t) => {
  const { announceFor, get } = await serveTracked(t, ['--public-url', 'https://m.example/pub'])
  assert.equal(await announceFor('other.example'), 'http://m.example:6969/announce')
  const listing = (await get('/pub/', 'other.example')).body.toString()
  assert.match(listing, /<a href="http:\/\/m\.example:6969\/catalogue\/" >Torrents</)
})

test('the feed counts the bytes of torrents with the host of its reader', async (t) => {
  const { get } = await serveTracked(t, ['--warm', '/pub/a.iso'])
  for (const name of ['m.example', 'a-much-longer-name.example']) {
    let length = ''
    await until('it is in the feed', async () => {
      const feed = (await get('/-/feed.xml', name)).body.toString()
      length = /length="(\d+)"/.exec(feed)?.[1] ?? ''
      return length !== ''
    })
    const { body } = await get('/pub/a.iso?torrent', name)
    assert.equal(Number(length), body.length)
  }
})

test('a torrent that the tracker bans is no longer offered, and its file is', async (t) => {
  const port = await findFreePort()
  const bans = join(makeScratch(t, { bans: '' }), 'bans')
  const url = `http://127.0.0.1:${port}/announce`
  const args = ['--host', '127.0.0.1', '--track', url, '--banned-list', bans]
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const sent = await fetch(`${mirror.address}/pub/a.iso.torrent`)
  const { infoHash } = parseMetainfo(new Uint8Array(await sent.arrayBuffer()))
  const statusOf = async (path: string) => (await fetch(`${mirror.address}/pub/${path}`)).status
  writeFileSync(bans, `${infoHash}\n`)
  mirror.hangUp()
  await until('the torrent is refused', async () => (await statusOf('a.iso.torrent')) === 403)
  assert.equal(await statusOf('a.iso.magnet'), 403)
  assert.deepEqual([await statusOf('a.iso'), await statusOf('b.iso.torrent')], [200, 200])
  const details = await (await fetch(`${mirror.address}/-/view/pub/a.iso.details`)).text()
  assert.doesNotMatch(details, new RegExp(infoHash ?? 'no hash'))
  const [metalink, other] = ['a', 'b'].map(async (name) => {
    return (await fetch(`${mirror.address}/pub/${name}.iso.meta4`)).text()
  })
  assert.doesNotMatch((await metalink) ?? '', /\.torrent/)
  assert.match((await other) ?? '', /b\.iso\.torrent/)
  writeFileSync(bans, '')
  mirror.hangUp()
  await until('the torrent is sent', async () => (await statusOf('a.iso.torrent')) === 200)
})

test('--seed announces to the tracker that has no URL', async (t) => {
  const { host, get } = await serveTracked(t, ['--seed', '--seed-port', '0'])
  const { infoHash } = parseMetainfo((await get('/pub/a.iso.torrent', 'm.example')).body)
  const query = announceQuery(infoHash ?? '', { peer: 'b', port: 25, left: 1 })
  await until('the tracker has the seed', async () => {
    const response = await fetch(`http://${host}:6969${query}`)
    const peers = compactPeers(decodeAnswer(new Uint8Array(await response.arrayBuffer())))
    return peers.some((peer) => !peer.endsWith(':25'))
  })
})

test('with --warm and --seed, the tracker lists and has seeds of torrents nobody asked for', async (t) => {
  const root = makeScratch(t, files)
  // 2001-09-09 01:46:40 UTC
  utimesSync(join(root, 'pub/a.iso'), 1e9, 1e9)
  const host = ownAddress()
  const args = ['--track', '--host', host, '--warm', '/pub/**', '--seed', '--seed-port', '0']
  await serveMirror(t, { root, args, io: { env: { BTKIT_STATE_DIR: makeScratch(t) } } })
  const list = async (path: string) => {
    const { torrents } = (await (await fetch(`http://${host}:6969${path}`)).json()) as {
      torrents: { name: string; complete: number; added: string | null }[]
    }
    return torrents
  }
  await until('each torrent is listed with its seed', async () => {
    const torrents = await list('/index.json?sort=name')
    const found = torrents.map(({ name, complete }) => `${name} ${complete}`)
    return found.join() === 'a.iso 1,b.iso 1'
  })
  await until('the catalogue has the time of the file', async () => {
    const torrents = await list('/catalogue/index.json')
    return (
      torrents.find(({ name }) => name === 'a.iso')?.added?.startsWith('2001-09-09T01:46:40') ===
      true
    )
  })
})

/** The catalogue of a tracker: names, with categories and the addresses of files and pages. */
async function catalogueOf(port: number) {
  const all = await (await fetch(`http://127.0.0.1:${port}/catalogue/index.json`)).json()
  const { torrents } = all as {
    torrents: { name: string; category: string; file: string; infoHash: string }[]
  }
  const sorted = torrents.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { torrents: sorted, names: sorted.map(({ name }) => name).join() }
}

test('the catalogue has the files of --warm --seed by directory, and forgets those that go', async (t) => {
  const [port, own] = [await findFreePort(), await findFreePort()]
  // Equal files are one torrent, which stays while one of them does
  const all = { 'a b/dvd/copy.iso': 'same', 'iso/copy.iso': 'same', 'iso/d.iso': 'disc', top: 'x' }
  const root = makeScratch(t, all)
  const args = ['--host', '127.0.0.1', '--port', String(own), '--warm', '**', '--seed']
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--state-dir', makeScratch(t)]
  await serveMirror(t, { root, args: [...args, ...track, '--seed-port', '0'] })
  await until(
    'all are listed',
    async () => (await catalogueOf(port)).names === 'copy.iso,d.iso,top',
  )
  const status = (await (await fetch(`http://127.0.0.1:${own}/-/status.json`)).json()) as {
    seed: { torrents: number }
  }
  assert.equal(status.seed.torrents, 3)
  const [, disc, top] = (await catalogueOf(port)).torrents
  assert.deepEqual([disc?.category, top?.category], ['iso', ''])
  const { infoHash } = parseMetainfo(
    new Uint8Array(await (await fetch(disc?.file ?? '')).arrayBuffer()),
  )
  assert.equal(infoHash, disc?.infoHash)
  const page = `http://127.0.0.1:${port}/torrent?info_hash=${infoHash}`
  const [, details = ''] =
    /<a href="([^"]*)">\/iso\/d\.iso</.exec(await (await fetch(page)).text()) ?? []
  const file = await (await fetch(details)).text()
  assert.match(file, /<h1>d\.iso</)
  assert.equal(/<a href="([^"]+)"\s*>its page at the tracker</.exec(file)?.[1], page)
  rmSync(join(root, 'iso/d.iso'))
  rmSync(join(root, 'iso/copy.iso'))
  writeFileSync(join(root, 'top'), 'other')
  utimesSync(join(root, 'top'), 1e9, 1e9)
  await until('only current torrents are listed', async () => {
    const { torrents, names } = await catalogueOf(port)
    return names === 'copy.iso,top' && torrents[1]?.infoHash !== top?.infoHash
  })
})

test('with --tls-cert, the announce URL is https', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  plantCertificate(directory, 'own')
  const { host, port } = await serveTracked(t, tlsArgs(directory))
  const answer = await askSecurely({ host, port, path: '/pub/a.iso.torrent' })
  assert.equal(parseMetainfo(answer).announce, `https://${host}:6969/announce`)
  const page = await askSecurely({ host, port: 6969, path: '/catalogue/' })
  assert.match(page.toString(), />a\.iso</)
})

test(
  'with --tls-cert, a tracker with an http URL is asked without TLS',
  unlessOpenssl,
  async (t) => {
    const [directory, port] = [makeScratch(t), await findFreePort()]
    plantCertificate(directory, 'own')
    const track = ['--track', `http://127.0.0.1:${port}/announce`]
    await serveMirror(t, { files, args: ['--host', '127.0.0.1', ...track, ...tlsArgs(directory)] })
    const asked = await fetch(`http://127.0.0.1:${port}${announceQuery('ab'.repeat(20))}`)
    assert.match(await asked.text(), /not authorized/)
  },
)

test('the pages of the tracker lead back to the mirror, also without a public URL', async (t) => {
  const [port, own] = [await findFreePort(), await findFreePort()]
  const state = makeScratch(t)
  const args = (host: string, tracker: string) => {
    const track = ['--track', `http://${tracker}:${port}/announce`, '--state-dir', state]
    return ['--host', host, '--port', String(own), ...track]
  }
  for (const host of ['0.0.0.0', '127.0.0.1']) {
    const mirror = await serveMirror(t, { files, args: args(host, '127.0.0.1') })
    const page = await (await fetch(`http://127.0.0.1:${port}/index.html`)).text()
    for (const [title, path, content] of [
      ['Files', '/', />pub\/</],
      ['Status', '/-/status', /<title>Status of this mirror - /],
    ] as const) {
      const link = new RegExp(`<a href="([^"]+)" >${title}<`).exec(page)?.[1] ?? ''
      const shown = await fetch(new URL(link, `http://127.0.0.1:${port}/`))
      assert.equal(shown.url, `http://127.0.0.1:${own}${path}`)
      assert.match(await shown.text(), content)
    }
    await mirror.stop()
  }
  // Visitors of the tracker do not reach the files on a loopback address, except those on it
  await serveMirror(t, { files, args: args('127.0.0.1', 't.example') })
  assert.doesNotMatch(await (await fetch(`http://127.0.0.1:${port}/`)).text(), />Files</)
})

test('the mirror and its tracker have one search of files and torrents', async (t) => {
  const [port, own] = [await findFreePort(), await findFreePort()]
  const here = { 'linux/a.torrent': torrentOf(singleFileInfo({ name: 'c.iso' })) }
  const args = ['--host', '127.0.0.1', '--port', String(own), '--allowed-dir', makeScratch(t, here)]
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--state-dir', makeScratch(t)]
  await serveMirror(t, { files, args: [...args, ...track] })
  for (const first of [`http://127.0.0.1:${own}/`, `http://127.0.0.1:${port}/catalogue/`]) {
    const page = await (await fetch(first)).text()
    const [, action = ''] = /<form\s[^>]*action="([^"]*)"[^>]*role="search"/.exec(page) ?? []
    const results = new URL(`${action}?q=iso`, first)
    // The policy of pages permits forms to their own server only
    assert.equal(results.origin, new URL(first).origin)
    const found = await (await fetch(results, { headers: { Accept: 'text/html' } })).text()
    const plain = found.replaceAll(/<\/?mark>/g, '')
    const links = [...plain.matchAll(/<th scope="row"[^>]*>\s*<a href="([^"]*)">([^<]*)</g)]
    assert.deepEqual(
      links.map(([, , name]) => name),
      ['a.iso', 'b.iso', 'c.iso'],
    )
    for (const [, address = ''] of links)
      assert.equal((await fetch(new URL(address, results))).status, 200, address)
  }
})

test('without a host, visitors on this machine are led from the tracker to the mirror', async (t) => {
  const [port, own] = [await findFreePort(), await findFreePort()]
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--state-dir', makeScratch(t)]
  await serveMirror(t, { files, args: ['--port', String(own), ...track] })
  const page = await (await fetch(`http://127.0.0.1:${port}/index.html`)).text()
  assert.match(page, /<a href="-\/files" >Files</)
})
