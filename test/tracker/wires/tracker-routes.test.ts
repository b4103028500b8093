import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceOf } from '../swarms/store.js'
import { makeAnswers, startTracker } from '../tracker-parts.js'

const HASH = `info_hash=${'a'.repeat(20)}`
const ID = `peer_id=${'p'.repeat(20)}`
const BASE = `${HASH}&${ID}&port=6881&left=1`

async function ask(url: string, method = 'GET') {
  const response = await fetch(url, { method })
  const body = Buffer.from(await response.arrayBuffer()).toString('latin1')
  const { status, headers } = response
  return { status, type: headers.get('content-type'), allow: headers.get('allow'), body }
}

test('an announce is answered at every path of old trackers', async (t) => {
  const { httpUrl, store } = await startTracker(t)
  for (const path of ['/announce', '/announce.php', '/tracker.php/announce']) {
    const { status, type, body } = await ask(`${httpUrl}${path}?${BASE}`)
    assert.equal(status, 200)
    assert.equal(type, 'text/plain')
    assert.match(
      body,
      /^d8:completei0e10:downloadedi0e11:external ip4:\x7f\0\0\x0110:incompletei1e[^]*5:peers0:e$/,
    )
  }
  assert.equal(store.totals().peers, 1)
})

test('an address that a page of another site claims is not its own', async (t) => {
  let isBelieved: unknown
  const rules = { resolve: ({ isOwn }: { isOwn: boolean }) => ((isBelieved = isOwn), null) }
  const { httpUrl } = await startTracker(t, { rules, isOwnRequest: () => false })
  await ask(`${httpUrl}/announce?${BASE}&ip=10.0.0.1`)
  assert.equal(isBelieved, false)
})

test('a scrape is answered there, too, with zeros for a torrent without peers', async (t) => {
  const { httpUrl } = await startTracker(t)
  await ask(`${httpUrl}/announce?${BASE}`)
  for (const path of ['/scrape', '/scrape.php', '/tracker.php/scrape']) {
    const { body } = await ask(`${httpUrl}${path}?${HASH}&info_hash=${'b'.repeat(20)}`)
    const counts = 'd8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei1ee'
    const zeros = 'd8:completei0e10:downloadedi0e11:downloadersi0e10:incompletei0ee'
    const files = `d20:${'a'.repeat(20)}${counts}20:${'b'.repeat(20)}${zeros}e`
    assert.equal(body, `d5:files${files}5:flagsd20:min_request_intervali300eee`)
  }
})

test('other paths are left to others', async (t) => {
  const { httpUrl } = await startTracker(t)
  for (const path of ['/', '/announcement', '/announce/', '/ANNOUNCE', '//announce']) {
    assert.equal((await ask(`${httpUrl}${path}?${BASE}`)).status, 404)
  }
})

test('a request that breaks the protocol gets 400 and a reason', async (t) => {
  const { httpUrl, noted } = await startTracker(t)
  const { status, body } = await ask(`${httpUrl}/announce`)
  assert.equal(status, 400)
  assert.equal(body, 'd14:failure reason20:info_hash is missinge')
  assert.deepEqual(noted, ['refusal'])
})

test('only GET and HEAD announce', async (t) => {
  const { httpUrl, store } = await startTracker(t)
  for (const address of [`/announce?${BASE}`, `/scrape?${HASH}`]) {
    const { status, allow } = await ask(httpUrl + address, 'POST')
    assert.deepEqual([status, allow], [405, 'GET, HEAD'])
  }
  assert.equal(store.totals().peers, 0)
  assert.equal((await ask(`${httpUrl}/announce?${BASE}`, 'HEAD')).body, '')
})

test('a torrent that is not tracked is refused with the reason, and 200 as clients expect', async (t) => {
  const failure = 'this torrent is not tracked here'
  const { httpUrl, store } = await startTracker(t, {
    rules: { judge: () => ({ failure, warning: null }) },
  })
  const { status, body } = await ask(`${httpUrl}/announce?${BASE}`)
  assert.equal(status, 200)
  assert.equal(body, `d14:failure reason${failure.length}:${failure}e`)
  assert.equal(store.totals().swarms, 0)
})

test('an address that may not ask is told to ask again in an hour, because bans are lifted', async (t) => {
  const { httpUrl, store } = await startTracker(t, { rules: { permits: () => false } })
  for (const path of [`/announce?${BASE}`, `/announce?${BASE}&ip=10.0.0.1`, `/scrape?${HASH}`]) {
    assert.match((await ask(`${httpUrl}${path}`)).body, /8:retry ini60ee$/)
  }
  assert.equal(store.totals().swarms, 0)
})

test('no more peers are given than the rules allow', async (t) => {
  const { httpUrl } = await startTracker(t, { rules: { responseSize: 2, maxGive: 3 } })
  for (let n = 0; n < 9; n += 1) {
    await ask(`${httpUrl}/announce?${HASH}&peer_id=${`${n}`.repeat(20)}&port=${n + 1}`)
  }
  assert.match((await ask(`${httpUrl}/announce?${BASE}`)).body, /5:peers12:/)
  assert.match((await ask(`${httpUrl}/announce?${BASE}&numwant=1`)).body, /5:peers6:/)
  assert.match((await ask(`${httpUrl}/announce?${BASE}&numwant=99999`)).body, /5:peers18:/)
})

test('what may be scraped is the rules’ matter', async (t) => {
  const all = '/scrape'
  const one = `/scrape?${HASH}`
  const statuses = async (scrape: 'none' | 'specific' | 'full') => {
    const { httpUrl } = await startTracker(t, { rules: { scrape } })
    await ask(`${httpUrl}/announce?${BASE}`)
    const bodies = [await ask(httpUrl + one), await ask(httpUrl + all)]
    return bodies.map(({ body }) => body.startsWith('d5:filesd20:'))
  }
  assert.deepEqual(await statuses('none'), [false, false])
  assert.deepEqual(await statuses('specific'), [true, false])
  assert.deepEqual(await statuses('full'), [true, true])
})

test('the full scrape is sorted and made once a minute', async (t) => {
  const { httpUrl, clock } = await startTracker(t)
  const announce = (letter: string) =>
    ask(`${httpUrl}/announce?info_hash=${letter.repeat(20)}&${ID}&port=1`)
  for (const letter of ['c', 'a', '%ff', 'b']) await announce(letter)
  const names = async () => [
    ...(await ask(`${httpUrl}/scrape`)).body.matchAll(/20:([abcd\xff])\1{19}/g),
  ]
  assert.deepEqual(
    (await names()).map(([, letter]) => letter),
    ['a', 'b', 'c', '\xff'],
  )
  await announce('d')
  assert.equal((await names()).length, 4)
  clock.now += 60
  assert.equal((await names()).length, 5)
})

test('a full scrape that failed is made again for the next client', async () => {
  const { store, fullScrape } = makeAnswers()
  const list = store.list.bind(store)
  store.list = () => {
    store.list = list
    throw new Error('for a moment')
  }
  await assert.rejects(fullScrape.get(), /for a moment/)
  assert.match((await fullScrape.get()).toString(), /^d5:filesde/)
})

test('a full scrape that fails is answered with 500, and reported', async (t) => {
  const { store, httpUrl, failures } = await startTracker(t)
  store.list = () => {
    throw new Error('for a moment')
  }
  const { status, body } = await ask(`${httpUrl}/scrape`)
  assert.deepEqual([status, body], [500, 'd14:failure reason14:internal errore'])
  assert.match(String(failures[0]), /for a moment/)
})

test('a full scrape has up to 100,000 torrents, and is refused above', async () => {
  const most = 200_000
  const limits = { maxPeers: most, maxSwarms: most, maxPerAddress: most }
  const { store, fullScrape, clock } = makeAnswers({ limits })
  for (let n = 0; n < 100_000; n++) store.announce(announceOf({ torrent: `${n}` }))
  assert.equal((await fullScrape.get()).toString('latin1').match(/8:complete/g)?.length, 100_000)
  store.announce(announceOf({ torrent: 'one more' }))
  clock.now += 60
  await assert.rejects(fullScrape.get(), /more than 100,000 torrents; scrape single info hashes/)
})

test('the full scrape is the same for all clients, and empty for HEAD', async (t) => {
  const { httpUrl, fullScrape } = await startTracker(t)
  await ask(`${httpUrl}/announce?${BASE}`)
  assert.equal(await fullScrape.get(), await fullScrape.get())
  const response = await fetch(`${httpUrl}/scrape`, { method: 'HEAD' })
  const length = Number(response.headers.get('content-length'))
  assert.equal(length, (await ask(`${httpUrl}/scrape`)).body.length)
  assert.equal(await response.text(), '')
})

test('over IPv6 the external address has 16 bytes, and peers6 is there', async (t) => {
  const { httpUrl, store } = await startTracker(t, { host: '::1' })
  store.announce(announceOf({ infoHash: Buffer.alloc(20, 'a') }))
  const { body } = await ask(`${httpUrl}/announce?${BASE}`)
  assert.ok(body.includes(`11:external ip16:${'\0'.repeat(15)}\x01`))
  // A client may reach peers of both families
  assert.ok(body.endsWith('5:peers6:\n\0\0\x01\x1a\xe16:peers60:e'))
})
