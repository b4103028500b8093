import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'
import {
  announceQuery,
  compactPeers,
  decodeAnswer,
  startTrack,
  textIn,
} from '../../support/track.js'
import { findFreePort } from '../../support/opentracker.js'
import { StateFile } from '../../../src/tracker/swarms/state-file.js'
import { announceOf, digestOf, makeStore } from '../swarms/store.js'
import { until } from '../../support/until.js'
import { listenLocally } from '../../support/listen.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { announcePacket, connectPacket, scrapePacket } from '../wires/packets.js'

const HASH = 'ab'.repeat(20)
const torrentNamed = (name: string) => torrentOf(singleFileInfo({ name }))
const hashOf = (bytes: Uint8Array) => parseMetainfo(bytes).infoHash ?? ''
const one = torrentNamed('one')

test('the old command line runs unchanged, and its page shows names and sizes', async (t) => {
  const directory = makeScratch(t, { 'a.torrent': one })
  const track = await startTrack(t, {
    program: 'bttrack',
    args: [
      ...['--allowed_dir', directory, '--show_names', '1'],
      ...['--reannounce_interval', '600', '--parse_allowed_interval', '5'],
    ],
  })
  const answer = await track.ask(announceQuery(hashOf(one)))
  assert.equal(answer.get('interval'), 600)
  const page = await (await track.get('/')).text()
  assert.match(page, />one</)
  assert.match(page, />[^<]*\b5 B\b/)
  assert.match(textIn(await track.ask(announceQuery(HASH)), 'failure reason') ?? '', /authorized/)
  assertQuiet(await track.stop())
})

test('all options of bttrack are accepted in both spellings', async (t) => {
  const files = makeScratch(t, { favicon: 'picture', list: `${HASH}\n`, ips: '127.0.0.0/8\n' })
  const old = {
    bind: '127.0.0.1',
    socket_timeout: 15,
    save_dfile_interval: 300,
    timeout_downloaders_interval: 2700,
    reannounce_interval: 1800,
    response_size: 50,
    timeout_check_interval: 5,
    nat_check: 3,
    log_nat_checks: 0,
    min_time_between_log_flushes: '3.0',
    min_time_between_cache_refreshes: '600.0',
    allowed_dir: '',
    allowed_list: join(files, 'list'),
    allowed_controls: 0,
    hupmonitor: 0,
    http_timeout: 60,
    parse_dir_interval: 60,
    show_infopage: 1,
    infopage_redirect: '',
    show_names: 1,
    favicon: join(files, 'favicon'),
    allowed_ips: join(files, 'ips'),
    banned_ips: '',
    only_local_override_ip: 2,
    logfile: join(files, 'log'),
    allow_get: 0,
    keep_dead: 0,
    scrape_allowed: 'full',
    dedicated_seed_id: '',
    compact_reqd: 1,
    max_give: 200,
    ipv6_enabled: 0,
    ipv6_binds_v4: 1,
    close_with_rst: 0,
  }
  for (const spell of [(name: string) => name, (name: string) => name.replaceAll('_', '-')]) {
    const args = Object.entries(old).flatMap(([name, value]) => [`--${spell(name)}`, `${value}`])
    const track = await startTrack(t, { program: 'bttrack', args })
    assert.equal(await (await track.get('/favicon.ico')).text(), 'picture')
    assert.equal((await track.ask(announceQuery(HASH))).get('complete'), 1)
    const { stderr } = assertStatus(await track.stop(), 0)
    assert.match(stderr, /^btkit: ignored: --[^\n]+\n$/)
  }
})

test('peers find each other over HTTP and UDP on one port', async (t) => {
  const track = await startTrack(t)
  assert.match(
    track.stdout.text,
    new RegExp(`address: {2}udp://127.0.0.1:${track.port}/announce\n`),
  )
  await track.ask(announceQuery(HASH, { peer: 'seed', port: 1111 }))
  const answer = await track.ask(announceQuery(HASH, { peer: 'leech', port: 2222, left: 5 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:1111'])
  assert.deepEqual([answer.get('complete'), answer.get('incomplete')], [1, 1])
})

test('a claimed address that nobody can connect to is ignored', async (t) => {
  const track = await startTrack(t)
  const claims = ['0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '::ffff:0.0.0.0']
  for (const [n, ip] of claims.entries()) {
    await track.ask(announceQuery(HASH, { peer: `peer${n}`, port: 1 + n, ip }))
  }
  await track.ask(announceQuery(HASH, { peer: 'near', port: 9, ip: '10.0.0.9' }))
  const answer = await track.ask(announceQuery(HASH, { peer: 'leech', left: 5 }))
  const own = claims.map((_, n) => `127.0.0.1:${n + 1}`)
  assert.deepEqual(compactPeers(answer), ['10.0.0.9:9', ...own])
  assert.equal(answer.has('peers6'), false)
})

test('a new torrent is tracked at once, and a removed one is not', async (t) => {
  const directory = makeScratch(t)
  // An interval so long that no periodic scan happens during the test
  const args = ['--allowed-dir', directory, '--parse-dir-interval', '86400']
  const track = await startTrack(t, { args })
  const failure = async () => textIn(await track.ask(announceQuery(hashOf(one))), 'failure reason')
  assert.match((await failure()) ?? '', /authorized/)
  writeFileSync(join(directory, 'one.torrent'), one)
  await until('read', async () => (await failure()) === undefined)
  rmSync(join(directory, 'one.torrent'))
  await until('failed', async () => (await failure()) !== undefined)
  assert.match((await failure()) ?? '', /authorized/)
})

test('each SIGHUP reads lists again; a list that became binary stays as it was', async (t) => {
  const list = join(makeScratch(t, { list: '' }), 'list')
  const track = await startTrack(t, { args: ['--allowed-list', list] })
  const isRefused = async () => {
    const failure = textIn(await track.ask(announceQuery(HASH)), 'failure reason') ?? ''
    return failure.includes('authorized')
  }
  assert.ok(await isRefused())
  const contents = [
    [HASH, true],
    ['\0', true],
    ['', false],
    [HASH, true],
  ] as const
  for (const [n, [content, isKnown]] of contents.entries()) {
    writeFileSync(list, content)
    track.hangUp()
    await until('reloaded', () => track.stdout.text.match(/^reloaded$/gm)?.length === n + 1)
    assert.equal(await isRefused(), !isKnown, content)
  }
  assert.match((await track.stop()).stderr, /^btkit: warning: .*list: not a list .*in use\n$/)
})

test('controls inside torrents are sent to clients', async (t) => {
  const moved = torrentOf(singleFileInfo({ name: 'm' }), { 'failure reason': 'it has moved' })
  const noted = torrentOf(singleFileInfo({ name: 'n' }), { 'warning message': 'soon gone' })
  const directory = makeScratch(t, { 'm.torrent': moved, 'n.torrent': noted })
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  const refused = await track.ask(announceQuery(hashOf(moved)))
  assert.equal(textIn(refused, 'failure reason'), 'it has moved')
  const warned = await track.ask(announceQuery(hashOf(noted)))
  assert.equal(textIn(warned, 'warning message'), 'soon gone')
  assert(warned.has('peers'))
})

test('scrapes include allowed torrents that nobody announced', async (t) => {
  const gone = torrentOf(singleFileInfo({ name: 'g' }), { 'failure reason': 'gone' })
  const others = { 'two.torrent': torrentNamed('two'), 'g.torrent': gone }
  const directory = makeScratch(t, { 'one.torrent': one, ...others })
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  await track.ask(announceQuery(hashOf(one)))
  const complete = async (path: string) => {
    const answer = await track.ask(path, { headers: { Connection: 'close' } })
    const files = answer.get('files') as ReadonlyMap<string, ReadonlyMap<string, number>>
    return Object.fromEntries(
      [...files].map(([key, counts]) => {
        return [Buffer.from(key, 'latin1').toString('hex'), counts.get('complete')]
      }),
    )
  }
  const expected = { [hashOf(one)]: 1, [hashOf(torrentNamed('two'))]: 0 }
  const named = [...Object.keys(expected), hashOf(gone), HASH].map((hash) => {
    return `info_hash=${hash.replace(/../g, '%$&')}`
  })
  for (let n = 0; n < 2; n += 1) {
    assert.deepEqual(await complete('/scrape'), expected)
    assert.deepEqual(await complete(`/scrape?${named.join('&')}`), expected)
  }
})

test('swarms and counts survive a restart', async (t) => {
  const first = await startTrack(t)
  await first.ask(announceQuery(HASH, { peer: 'a', port: 1111, event: 'completed' }))
  await first.stop()
  const { stateFile } = first
  const second = await startTrack(t, { stateFile })
  const answer = await second.ask(announceQuery(HASH, { peer: 'b', port: 2222, left: 5 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:1111'])
  assert.equal(second.stderr.text, '')
  const scraped = await second.ask(`/scrape?info_hash=${HASH.replace(/../g, '%$&')}`)
  const files = scraped.get('files') as typeof scraped
  assert.equal((files.get('\u00ab'.repeat(20)) as typeof scraped).get('downloaded'), 1)
})

test('whoever reaches a tracker that is restarted is told of the peers that it had', async (t) => {
  const stateFile = join(makeScratch(t), 'state')
  const { store } = makeStore({ maxPeers: 60_000 })
  const fail = (problem: unknown) => assert.fail(String(problem))
  const world = { now: Date.now, warn: fail, onError: fail }
  for (let n = 0; n < 50_000; n += 1)
    store.announce(
      announceOf({ torrent: `${n % 200}`, peer: `${n}`, at: `10.0.${n >> 8}.${n & 255}` }),
    )
  await new StateFile(stateFile, store, world).save()
  const port = await findFreePort()
  const address = `http://127.0.0.1:${port}`
  const limits = ['--port', String(port), '--max-peers', '60000']
  const [hash] = [Buffer.from(digestOf('199')).toString('hex')]
  const starting = startTrack(t, { stateFile, args: limits })
  let answer: Response | null = null
  await until('it listens', async () => {
    answer = await fetch(address + announceQuery(hash, { left: 5 })).catch(() => null)
    return answer !== null
  })
  const bytes = new Uint8Array(await (answer as Response | null)!.arrayBuffer())
  assert.equal(compactPeers(decodeAnswer(bytes)).length, 50)
  await starting
})

test('the history survives a restart, and damage to it stops nothing', async (t) => {
  const first = await startTrack(t)
  await first.ask(announceQuery(HASH))
  await first.stop()
  const { stateFile } = first
  const file = `${stateFile}.history`
  const hours = JSON.parse(readFileSync(file, 'utf8')) as number[][]
  writeFileSync(file, JSON.stringify([[(hours[0]?.[0] ?? 0) - 2, 5, 0, 0, 1], ...hours]))
  const second = await startTrack(t, { stateFile })
  assert.match(await (await second.get('/')).text(), /Seeds: 1 at the end, 1 to 5\./)
  await second.stop()
  writeFileSync(file, 'something else')
  const third = await startTrack(t, { stateFile })
  assert.match(await (await third.get('/')).text(), /Charts begin after two hours/)
  const { stderr } = assertStatus(await third.stop(), 0)
  assert.match(stderr, /^btkit: warning: \S+\.history: not a history of this version; renamed to /)
})

test('the history has downloads that completed soon after each start', async (t) => {
  const first = await startTrack(t)
  await first.ask(announceQuery(HASH, { peer: 'a', port: 1111, event: 'completed' }))
  await first.stop()
  const { stateFile } = first
  const completed = async (tracker: typeof first) => {
    const words = (await (await tracker.get('/')).text()).replace(/<[^>]*>|\s+/g, ' ')
    return / Completed +(\d+) +this month/.exec(words)?.[1]
  }
  const second = await startTrack(t, { stateFile })
  assert.equal(await completed(second), '1')
  await second.ask(announceQuery(HASH, { peer: 'b', port: 2222, event: 'completed' }))
  await second.stop()
  const third = await startTrack(t, { stateFile })
  assert.equal(await completed(third), '2')
})

test('a peer has its own address, unless its claim is believed', async (t) => {
  const trusting = ['--trust-proxy', '127.0.0.1']
  const claim = { ip: '7.7.7.7' }
  for (const [args, forwarded, fields, expected] of [
    [[], '9.9.9.9, 8.8.8.8', {}, '127.0.0.1:1'],
    [trusting, '9.9.9.9, 8.8.8.8', {}, '8.8.8.8:1'],
    [trusting, '9.9.9.9, 8.8.8.8', claim, '8.8.8.8:1'],
    [[...trusting, '--only_local_override_ip', '0'], '9.9.9.9, 8.8.8.8', claim, '7.7.7.7:1'],
    [trusting, '192.168.1.9', claim, '7.7.7.7:1'],
    [[], '', claim, '7.7.7.7:1'],
    [[], '', { ip: 'nonsense' }, '127.0.0.1:1'],
    // As in bttrack
    [[], '', { ip: '7.7.7.7&ip=10.0.0.2' }, '7.7.7.7:1'],
    [[], '', { ip: '203.0.113.1:4711' }, '203.0.113.1:1'],
    [[], '', { ip: '[::ffff:203.0.113.1]' }, '203.0.113.1:1'],
    [[], '', { ip: '[::ffff:203.0.113.1]:80' }, '203.0.113.1:1'],
    // BEP 7; Transmission 4 sends both
    [[], '', { ipv6: '2001:db8::1' }, '127.0.0.1:1'],
    [[], '', { ipv4: '198.51.100.7' }, '127.0.0.1:1'],
  ] as const) {
    const track = await startTrack(t, { args })
    const headers = forwarded === '' ? {} : { 'X-Forwarded-For': forwarded }
    await track.ask(announceQuery(HASH, { peer: 'a', port: 1, ...fields }), { headers })
    const answer = await track.ask(announceQuery(HASH, { peer: 'b', port: 2, left: 1 }))
    await track.stop()
    assert.deepEqual(compactPeers(answer), [expected], [...args, JSON.stringify(fields)].join(' '))
  }
})

test('claims through an untrusted proxy are not believed', async (t) => {
  const claim = { peer: 'a', port: 25, ip: '203.0.113.25' }
  for (const name of ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP']) {
    const track = await startTrack(t)
    for (let n = 0; n < 2; n += 1) {
      await track.ask(announceQuery(HASH, claim), { headers: { [name]: '198.51.100.7' } })
    }
    const answer = await track.ask(announceQuery(HASH, { peer: 'b', port: 2, left: 1 }))
    assert.deepEqual(compactPeers(answer), ['127.0.0.1:25'], name)
    const { stderr } = await track.stop()
    const told =
      'clients of the proxy at 127.0.0.1 look like one client; they need X-Forwarded-For from it'
    assert.equal(stderr.split(told).length, 2, stderr)
  }
  // A trusted proxy that does not name its client
  const trusting = await startTrack(t, { args: ['--trust-proxy', '127.0.0.1'] })
  for (const said of ['unknown', '_hidden:8080']) {
    await trusting.ask(announceQuery(HASH, claim), { headers: { 'X-Forwarded-For': said } })
  }
  const answer = await trusting.ask(announceQuery(HASH, { peer: 'b', port: 2, left: 1 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:25'])
})

test('a peer on a Unix socket is believed only if such sockets are trusted', async (t) => {
  const path = join(makeScratch(t), 'socket')
  for (const [args, expected] of [
    [[], /your address is not known/],
    [['--trust-proxy', 'unix'], /^d8:complete/],
  ] as const) {
    const track = await startTrack(t, { args: ['--host', `127.0.0.1,${path}`, ...args] })
    const asked = request({ socketPath: path, path: announceQuery(HASH, { ip: '203.0.113.25' }) })
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
    assert.match(await text(response), expected)
    await track.stop()
  }
})

test('banned addresses get no peers and no pages', async (t) => {
  const banned = join(makeScratch(t, { banned: 'bad people:127.0.0.1-127.0.0.9\n' }), 'banned')
  const track = await startTrack(t, { args: ['--banned_ips', banned] })
  const answer = await track.ask(announceQuery(HASH))
  assert.match(textIn(answer, 'failure reason') ?? '', /address may not/)
  assert.equal((await track.get('/')).status, 403)
})

test('a claimed address that is banned or not allowed is refused, in any spelling', async (t) => {
  const files = makeScratch(t, { banned: '10.9.9.0/24\n', allowed: '127.0.0.0/8\n10.8.0.0/16\n' })
  const claimsAt = async (args: readonly string[]) => {
    const track = await startTrack(t, { args })
    const claims = [{ ip: '10.9.9.9' }, { ip: '::ffff:10.9.9.9' }, { ip: '10.8.8.8' }]
    for (const [n, claim] of claims.entries())
      await track.ask(announceQuery(HASH, { peer: `peer${n}`, port: n + 1, ...claim }))
    const refused = await track.ask(announceQuery(HASH, { peer: 'again', ...claims[0] }))
    assert.match(textIn(refused, 'failure reason') ?? '', /^your address may not use this tracker$/)
    return compactPeers(await track.ask(announceQuery(HASH, { peer: 'leech', left: 5 })))
  }
  assert.deepEqual(await claimsAt(['--banned-ips', join(files, 'banned')]), ['10.8.8.8:3'])
  assert.deepEqual(await claimsAt(['--allowed-ips', join(files, 'allowed')]), ['10.8.8.8:3'])
})

test('a peer that is banned in a file is given to nobody, from the next reading on', async (t) => {
  const banned = join(makeScratch(t, { banned: '' }), 'banned')
  const args = ['--banned-ips', banned]
  const first = await startTrack(t, { args })
  for (const [n, ip] of ['10.0.0.1', '10.0.0.2', '10.0.0.3'].entries())
    await first.ask(announceQuery(HASH, { peer: `${n}`, ip }))
  const peersAt = async ({ ask }: Pick<typeof first, 'ask'>) =>
    compactPeers(await ask(announceQuery(HASH, { peer: 'new', left: 5 })))
  writeFileSync(banned, '10.0.0.1\n')
  first.hangUp()
  await until('read', async () => (await peersAt(first)).length === 2)
  assert.deepEqual(await peersAt(first), ['10.0.0.2:6881', '10.0.0.3:6881'])
  await first.stop()
  writeFileSync(banned, '10.0.0.2\n')
  const second = await startTrack(t, { args, stateFile: first.stateFile })
  assert.deepEqual(await peersAt(second), ['10.0.0.3:6881'])
})

test('health and metrics are served, and other methods and addresses are refused', async (t) => {
  const track = await startTrack(t)
  await track.ask(announceQuery(HASH))
  await track.ask('/announce?nonsense')
  assert.equal(await (await track.get('/-/health')).text(), 'ok\n')
  const figures = await (await track.get('/-/metrics')).text()
  assert.match(figures, /^btkit_track_peers 1$/m)
  assert.equal((await track.get('/nowhere')).status, 404)
  assert.equal((await track.get('/', { method: 'POST', body: 'x' })).status, 405)
  const head = await track.get('/', { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

/** An id that no address has. */
const OLD_ID = Buffer.alloc(8)

test('each kind of answer over HTTP and UDP counts in the metrics, and why one is refused', async (t) => {
  const track = await startTrack(t)
  const udp = createSocket('udp4')
  t.after(() => udp.close())
  const askUdp = async (packet: Buffer) => {
    udp.send(packet, track.port, '127.0.0.1')
    const [answer] = (await once(udp, 'message')) as [Buffer]
    return answer
  }
  const id = (await askUdp(connectPacket())).subarray(8)
  const events: readonly (readonly [counted: string, act: () => Promise<unknown>])[] = [
    ['answers_total{protocol="http",answered="announce"}', () => track.ask(announceQuery(HASH))],
    ['answers_total{protocol="http",answered="scrape"}', () => track.ask('/scrape')],
    ['answers_total{protocol="http",answered="refusal"}', () => track.ask('/announce?nonsense')],
    ['refusals_total{reason="info_hash is missing"}', () => track.ask('/announce?port=1')],
    ['answers_total{protocol="http",answered="page"}', () => track.get('/')],
    ['answers_total{protocol="udp",answered="connect"}', () => askUdp(connectPacket())],
    ['answers_total{protocol="udp",answered="announce"}', () => askUdp(announcePacket(id))],
    ['answers_total{protocol="udp",answered="scrape"}', () => askUdp(scrapePacket(id, ['a']))],
    ['answers_total{protocol="udp",answered="refusal"}', () => askUdp(scrapePacket(OLD_ID, []))],
    ['refusals_total{reason="connect again"}', () => askUdp(announcePacket(OLD_ID))],
  ]
  const countOf = async (counted: string) => {
    const lines = (await (await track.get('/-/metrics')).text()).split('\n')
    const line = lines.find((each) => each.startsWith(`btkit_track_${counted} `))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  for (const [counted, act] of events) {
    const before = await countOf(counted)
    await act()
    // A request for the metrics is a page, too
    const own = counted.includes('page') ? 1 : 0
    assert.equal(await countOf(counted), before + 1 + own, counted)
  }
})

test('magnet links name the requested address, or the public one', async (t) => {
  const linkIn = async (args: readonly string[]) => {
    const track = await startTrack(t, { args })
    await track.ask(announceQuery(HASH))
    const page = await (await track.get('/index.json')).json()
    await track.stop()
    const { torrents } = page as { torrents: { magnet: string }[] }
    return [torrents[0]?.magnet.split('&tr=')[1], encodeURIComponent(`${track.address}/announce`)]
  }
  const [named, asked] = await linkIn([])
  assert.equal(named, asked)
  const [published] = await linkIn(['--public-url', 'https://t.example/x/'])
  assert.equal(published, encodeURIComponent('https://t.example/x/announce'))
})

test('the tracker listens on a Unix socket and several hosts', async (t) => {
  const path = join(makeScratch(t), 'socket')
  const track = await startTrack(t, {
    args: ['--host', `127.0.0.1,${path}`, '--host', '127.0.0.2'],
  })
  assert.match(track.stdout.text, new RegExp(`^address: {2}${path}$`, 'm'))
  assert.match(track.stdout.text, new RegExp(`http://127.0.0.2:${track.port}/announce`))
  assert.match(track.stdout.text, new RegExp(`udp://127.0.0.2:${track.port}/announce`))
  const asked = request({ socketPath: path, path: '/-/health' })
  asked.end()
  const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  assert.equal(response.statusCode, 200)
})

for (const host of ['::', '0.0.0.0']) {
  const skip = loadNative('udpOpen') === null && 'without the accelerator'
  test(`at ${host}, UDP is answered from the address that was asked`, { skip }, async (t) => {
    const track = await startTrack(t, { args: ['--host', host] })
    for (const asked of ['127.0.0.1', '127.0.0.2', ...(host === '::' ? ['::1'] : [])]) {
      const socket = createSocket(asked.includes(':') ? 'udp6' : 'udp4')
      t.after(() => socket.close())
      const answered = once(socket, 'message')
      socket.send(connectPacket(77), track.port, asked)
      const [answer, from] = (await answered) as [Buffer, { address: string }]
      assert.deepEqual([from.address, answer.readUInt32BE(4)], [asked, 77])
    }
    assert.match(await (await track.get('/-/metrics')).text(), /protocol="udp",answered="connect"/)
  })
}

test('the access log goes to a file, and to another after that was renamed', async (t) => {
  const directory = makeScratch(t)
  const log = join(directory, 'log')
  const track = await startTrack(t, { args: ['--logfile', log] })
  await track.ask(announceQuery(HASH, { peer: 'a' }))
  const written = async (path: string, what: RegExp) => {
    await until(String(what), () => what.test(readFileSync(path, 'utf8')))
    return readFileSync(path, 'utf8')
  }
  assert.match(await written(log, /announce/), /^\S+Z 127\.0\.0\.1 "GET \/announce\?\S+" 200 \d+ /)
  await track.ask('/announce?nonsense')
  assert.match(await written(log, /nonsense/), /nonsense" 400 .* refused: info_hash .*\n/)
  renameSync(log, `${log}.1`)
  track.reopen()
  await track.get('/-/health')
  await until('a log', () => readable(log))
  assert.match(await written(log, /health/), /"GET \/-\/health" 200 3 /)
  renameSync(log, `${log}.2`)
  track.hangUp()
  await until('a log', () => readable(log))
  await track.get('/-/ready')
  assert.match(await written(log, /ready/), /"GET \/-\/ready" 200 3 /)
})

function readable(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

async function failureOf(t: TestContext, ...args: string[]) {
  const state = join(makeScratch(t), 'state')
  const open = args.includes('--allowed-dir') ? [] : ['--open']
  const place = ['track', ...open, '--port', '0']
  return runBtkit([...place, '--state', state, ...args])
}

test('a file or address that cannot be used is reported in one line', async (t) => {
  const port = await listenLocally(t, createServer())
  const way = 'address already in use; choose another one with --port; 0: a free one'
  const taken = await failureOf(t, '--host', '127.0.0.1', '--port', `${port}`)
  assertError(taken, 'io', `can't listen on 127.0.0.1 port ${port}: ${way}`)
  assertError(await failureOf(t, '--allowed-dir', '/nowhere'), 'not-found', '/nowhere')
  assertError(await failureOf(t, '--state', '/nowhere/state'), 'not-found', '/nowhere/state')
})

test('a feed that a reader has is not sent again', async (t) => {
  const directory = makeScratch(t, { 'a/a.torrent': one })
  const track = await startTrack(t, { args: ['--allowed-dir', directory, '--show-names', '1'] })
  const feed = (headers: Record<string, string>) => track.get('/catalogue/a/feed.xml', { headers })
  await until('it is read', async () => (await (await feed({})).text()).includes('<entry>'))
  const first = await feed({})
  const [tag, date] = ['etag', 'last-modified'].map((name) => first.headers.get(name) ?? '')
  for (const has of [{ 'If-None-Match': tag! }, { 'If-Modified-Since': date! }]) {
    const again = await feed(has)
    assert.deepEqual([again.status, await again.text()], [304, ''])
  }
  writeFileSync(join(directory, 'a/b.torrent'), torrentNamed('two'))
  await until('it is another', async () => (await feed({ 'If-None-Match': tag! })).status === 200)
})

test('a hybrid is found by each form of its info hashes', async (t) => {
  const bytes = goldenTorrent('hybrid-directory.torrent')
  const { infoHash, infoHashV2 } = parseMetainfo(bytes)
  const directory = makeScratch(t, { 'a.torrent': bytes })
  const track = await startTrack(t, { args: ['--allowed-dir', directory, '--allow-get'] })
  for (const hash of [infoHash, infoHashV2, infoHashV2?.slice(0, 40), infoHashV2?.toUpperCase()]) {
    for (const path of ['torrent', 'torrent.json', 'file'])
      assert.equal((await track.get(`/${path}?info_hash=${hash}`)).status, 200, `${path} ${hash}`)
  }
})

test('the page can be redirected to a URL with any characters', async (t) => {
  const track = await startTrack(t, { args: ['--infopage-redirect', 'http://höst/字 ?a=b'] })
  const { status, headers } = await track.get('/', { redirect: 'manual' })
  assert.deepEqual([status, headers.get('Location')], [302, 'http://xn--hst-sna/%E5%AD%97%20?a=b'])
})

test('the icon of the pages is the logo, which browsers keep', async (t) => {
  const track = await startTrack(t, {})
  const icon = await track.get('/favicon.ico')
  assert.equal(icon.headers.get('content-type'), 'image/svg+xml')
  assert.equal(icon.headers.get('cache-control'), 'max-age=86400')
  assert.match(await icon.text(), /^<svg /)
})
