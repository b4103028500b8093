import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readTorrent } from '../../../src/core/read-torrent.js'
import { startQuick } from '../../support/executable.js'
import { listenLocally } from '../../support/listen.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import {
  CONTENT,
  connectPeer,
  download,
  plantFile as plant,
  startSeed,
  whenUnchoked,
  seedFile,
} from '../../support/seed.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { hurryDisplay } from '../../support/quick-times.js'

hurryDisplay()

for (const [name, encryption] of [
  ['plain', 0],
  ['encrypted', 2],
] as const) {
  test(`a peer gets every byte, ${name}`, async (t) => {
    const { infoHash, port } = await seedFile(t)
    const peer = await connectPeer(t, port, { infoHash, encryption })
    assert.ok((await download(peer, CONTENT.length)).equals(CONTENT))
  })
}

test('a peer gets small blocks of many places', async (t) => {
  const content = pseudoRandom(3_000_000, 2)
  const { infoHash, port } = await seedFile(t, [], content)
  const peer = await connectPeer(t, port, { infoHash })
  await whenUnchoked(peer)
  for (let piece = 0; piece < 40; piece += 4) {
    const block = await peer.ask(piece, 0, 9000)
    assert.ok(block.equals(content.subarray(piece * 65_536).subarray(0, 9000)))
  }
})

test('a peer that knows only the info hash gets the metadata', async (t) => {
  const { torrent, infoHash, port } = await seedFile(t)
  const { wire } = await connectPeer(t, port, { infoHash })
  const { bytes, infoSpan } = readTorrent(torrent, 1e6)
  const info = Buffer.from(bytes.subarray(infoSpan.start, infoSpan.end))
  assert.equal(wire.peerExtendedHandshake['metadata_size'], info.length)
  assert.equal(wire.peerExtendedHandshake['upload_only'], 1)
  const answer = once(wire, 'extended')
  wire.extended('ut_metadata', Buffer.from('d8:msg_typei0e5:piecei0ee'))
  const [, message] = (await answer) as [string, Uint8Array]
  assert.ok(Buffer.from(message).subarray(-info.length).equals(info))
})

test('an info hash that is not seeded ends the connection', async (t) => {
  const { port } = await seedFile(t)
  await (
    await connectPeer(t, port, { infoHash: 'ab'.repeat(20) })
  ).closed
})

const CHANGES: Readonly<Record<string, (data: string) => void>> = {
  'is written to': (data) => {
    appendFileSync(data, 'x')
  },
  'is changed in place': (data) => {
    writeFileSync(data, pseudoRandom(CONTENT.length, 9), { flag: 'r+' })
  },
  'is cut': (data) => {
    truncateSync(data, 10)
  },
  'is deleted': (data) => {
    rmSync(data)
  },
  'is replaced': (data) => {
    writeFileSync(`${data}.new`, pseudoRandom(CONTENT.length, 9))
    renameSync(`${data}.new`, data)
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`no byte leaves of a file that ${what}, and its torrent is not seeded any more`, async (t) => {
    const { torrent, infoHash, data, port, stderr } = await seedFile(t)
    const peer = await connectPeer(t, port, { infoHash })
    await whenUnchoked(peer)
    change(data)
    await assert.rejects(peer.ask(3, 0, 16_384))
    await peer.closed
    await until('it is dropped', () => stderr.text.includes(`dropped ${torrent}`))
    assert.match(stderr.text, /^btkit: \S+a\.bin: (changed since|no such file)/m)
    await (
      await connectPeer(t, port, { infoHash })
    ).closed
  })
}

test('data that becomes whole is seeded from then on', async (t) => {
  const { torrent, infoHash, data } = await plant(t)
  const content = readFileSync(data)
  rmSync(data)
  const { port, stderr } = await startSeed(t, [torrent])
  const said = `btkit: ${torrent}: its data is not whole: ${data} is missing; if it is elsewhere, give --data; `
  await until('it says so', () => stderr.text.includes(said))
  writeFileSync(data, content)
  await until('it is added', () => stderr.text.includes(`added ${torrent}`))
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer, CONTENT.length)).equals(CONTENT))
})

test('an empty file that is missing keeps nothing from peers, but other bytes in its place do', async (t) => {
  const directory = makeScratch(t, { 'set/a.bin': CONTENT, 'set/empty': '' })
  const data = join(directory, 'set')
  const make = ['makemetafile', data, '--trackerless', '-l', '16', '--json', '--no-cache']
  const { infoHash } = parseJson(await runBtkit(make)) as { infoHash: string }
  const torrent = `${data}.torrent`
  rmSync(join(data, 'empty'))
  const { port, stop } = await startSeed(t, [torrent])
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer, CONTENT.length)).equals(CONTENT))
  await stop()
  writeFileSync(join(data, 'empty'), 'x')
  const { stderr } = await startSeed(t, [torrent])
  await until('it says so', () => stderr.text.includes('empty is long (1 byte, not 0)'))
})

test('--data names the content, what contains it, or a directory with it by another name', async (t) => {
  const { torrent, infoHash, data, directory } = await plant(t)
  const elsewhere = makeScratch(t, { 'deep/other.name': CONTENT })
  const alone = join(makeScratch(t, { 'a.torrent': readFileSync(torrent) }), 'a.torrent')
  for (const place of [data, directory, elsewhere]) {
    const { port, stop } = await startSeed(t, [alone, '--data', place])
    const peer = await connectPeer(t, port, { infoHash })
    assert.ok((await download(peer, CONTENT.length)).equals(CONTENT))
    await stop()
  }
})

test('the data of torrents of completedir is found where it recorded it', async (t) => {
  const [source, target, state] = [
    makeScratch(t, { 'a.bin': CONTENT, 'src/src/main.c': CONTENT, 'src/README': 'x' }),
    makeScratch(t),
    makeScratch(t),
  ]
  const own = ['--state-dir', state]
  const made = await runBtkit(
    ['completedir', source, '--trackerless', '--target', target, '--no-cache', ...own],
    { now: () => Date.now() + 10_000 },
  )
  assert.equal(made.status, 0, made.stderr)
  const { stderr } = await startSeed(t, [target, ...own])
  for (const name of ['a.bin', 'src']) {
    const path = join(target, `${name}.torrent`)
    await until(`${name} is added`, () => stderr.text.includes(`added ${path}`))
  }
})

test('a tracker that fails is named, and not the next of its tier', async (t) => {
  // No program listens there, and fetch does not even try
  const [failing, next] = ['http://127.0.0.1:1/announce', 'http://127.0.0.1:9/announce']
  const { torrent } = await plant(t, [failing, '--announce-list', `${failing},${next}`])
  const { stdout } = await startSeed(t, [torrent, '--json'])
  const told = () => /"message":"([^"]*)"/.exec(stdout.text)?.[1]
  await until('it fails', () => told() !== undefined)
  assert.equal(told(), `${failing}: nothing listens there`)
})

test('the key of a user in the address of a tracker is not shown', async (t) => {
  const key = '0123456789abcdef0123456789abcdef'
  const { stdout, stderr } = await seedFile(t, [`http://127.0.0.1:1/${key}/announce`, '--private'])
  await until('its failure is shown', () => stdout.text.includes('nothing listens there'))
  await until('its failure is told', () => stderr.text.includes('nothing listens there'))
  for (const { text } of [stdout, stderr]) {
    assert.match(text, /http:\/\/127\.0\.0\.1:1\/\*\*\*\/announce: nothing listens there/)
    assert.ok(!text.includes(key), text)
  }
})

test('the trackers of a torrent learn of the seed, and of its end', async (t) => {
  const tracker = await startTrack(t)
  const { infoHash, stop } = await seedFile(t, [`${tracker.address}/announce`])
  const seeds = async () => {
    const answer = await tracker.get(`/scrape?info_hash=${infoHash.replace(/../g, '%$&')}`)
    return /8:completei(\d+)e/.exec(await answer.text())?.[1]
  }
  await until('it is known', async () => (await seeds()) === '1')
  assert.equal((await stop()).status, 0)
  assert.notEqual(await seeds(), '1')
})

test('a torrent whose list of trackers is empty announces to its announce URL', async (t) => {
  const tracker = await startTrack(t)
  const { torrent, infoHash } = await plant(t, [`${tracker.address}/announce`])
  const bytes = readFileSync(torrent, 'latin1')
  writeFileSync(
    torrent,
    bytes.replace('10:created by', '13:announce-listllee10:created by'),
    'latin1',
  )
  assert.deepEqual(readTorrent(torrent).announceList, [[]])
  await startSeed(t, [torrent])
  const address = `/scrape?info_hash=${infoHash.replace(/../g, '%$&')}`
  await until('it is known', async () => {
    return (await (await tracker.get(address)).text()).includes('8:completei1e')
  })
})

test('a seed that nobody can find says so once, and a seed that somebody can find does not', async (t) => {
  // A tracker for browsers
  const lonely = await plant(t, ['wss://tracker.example/announce'])
  const first = await startSeed(t, [lonely.torrent])
  await until('it warns', () => first.stderr.text.includes('nobody can find'))
  const warning =
    `btkit: warning: ${lonely.torrent}: no HTTP or UDP tracker, so nobody can find this seed; use btkit seed ` +
    '--dht, or add a tracker with btkit edit --add-tracker URL\n'
  assert.ok(first.stderr.text.endsWith(warning), first.stderr.text)
  const tracked = await plant(t, ['http://127.0.0.1:9/announce'])
  for (const args of [[tracked.torrent], [lonely.torrent, '--lsd']]) {
    const { stdout, stop } = await startSeed(t, args)
    await until('it shows the torrent', () => stdout.text.includes('seeding'))
    assert.doesNotMatch((await stop()).stderr, /nobody/)
  }
})

test('a private torrent without tracker is not helped by the DHT', async (t) => {
  const { torrent } = await plant(t, ['--private'])
  const { stderr } = await startSeed(t, [torrent, '--dht'])
  await until('it warns', () => stderr.text.includes('nobody can find'))
  assert.doesNotMatch(stderr.text, /seed --dht/)
})

test('without a terminal each line has the time and the info hash, so that twins differ', async (t) => {
  const one = await plant(t)
  const two = await plant(t, [], pseudoRandom(50_000, 3))
  const now = () => Date.parse('2030-02-03T04:05:06Z')
  const args = [one.torrent, two.torrent]
  const { stdout } = await startSeed(t, args, { now })
  for (const { infoHash } of [one, two]) {
    const line = `2030-02-03T04:05:06Z ${infoHash} seeding, 0 peers, up 0 B/s, a.bin: `
    await until(
      'it is shown',
      () => stdout.text.includes(`\n${line}`) || stdout.text.startsWith(line),
    )
  }
})

test('--json says what is seeded', async (t) => {
  const { torrent, infoHash } = await plant(t)
  const { stdout } = await startSeed(t, [torrent, '--json'])
  await until('a line', () => stdout.text.includes(infoHash))
  const [line = ''] = stdout.text.split('\n')
  const { torrent: path, state, peers, bytesDone } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual(
    { path, state, peers, bytesDone },
    { path: torrent, state: 'seeding', peers: 0, bytesDone: CONTENT.length },
  )
})

test('btkit status shows what is seeded, and nothing of a seed that was killed', async (t) => {
  const { torrent, infoHash } = await plant(t)
  const env = { XDG_RUNTIME_DIR: makeScratch(t) }
  mkdirSync(join(env.XDG_RUNTIME_DIR, 'btkit'))
  const stale = join(env.XDG_RUNTIME_DIR, 'btkit', 'seed-1.sock')
  spawnSync(process.execPath, ['-e', LEAVE_SOCKET, stale])
  const { port, stop } = await startSeed(t, [torrent], { env })
  const peer = await connectPeer(t, port, { infoHash })
  await download(peer, CONTENT.length)
  const { stdout } = assertStatus(await runBtkit(['status'], { env }), 0)
  assert.match(stdout, new RegExp(`^btkit seed on port ${port}: btkit .*, 1 torrent\n`))
  assert.match(stdout, /^a\.bin +seeding +100% +1 /m)
  const listed = parseJson(await runBtkit(['status', '--json'], { env }))
  const { infoHash: shown, peers, ratio, code } = listed
  assert.deepEqual([shown, peers, ratio, code], [infoHash, 1, 1, null])
  await stop()
  assert.deepEqual(readdirSync(join(env.XDG_RUNTIME_DIR, 'btkit')), [])
  assert.match((await runBtkit(['status'], { env })).stderr, /^btkit: no client given/)
})

test('a runtime directory too deep for a socket is warned of, and the seed runs', async (t) => {
  const { torrent } = await plant(t)
  const env = { XDG_RUNTIME_DIR: join(makeScratch(t), 'x'.repeat(100)) }
  const { stderr } = await startSeed(t, [torrent], { env })
  await until('the warning', () => stderr.text.includes('too long for a Unix socket'))
  assert.deepEqual(readdirSync(join(env.XDG_RUNTIME_DIR, '..')), [])
})

test('btkit status ends with 1 for a seed that nobody can find or that its tracker refuses', async (t) => {
  const lonely = await plant(t)
  const tracker = await startTrack(t, { args: ['--allowed-dir', makeScratch(t)] })
  const refused = await plant(t, [`${tracker.address}/announce`], pseudoRandom(70_000, 5))
  const env = { XDG_RUNTIME_DIR: makeScratch(t) }
  const seed = await startSeed(t, [lonely.torrent, refused.torrent], { env })
  const ask = () => runBtkit(['status', '--quiet'], { env })
  await until('both are reported', async () => (await ask()).stderr.split('\n').length === 4)
  const { status, stdout, stderr } = await ask()
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(
    stderr,
    /^btkit: a\.bin \(\w+\): no HTTP or UDP tracker, so nobody can find this seed \(/m,
  )
  assert.match(
    stderr,
    /^btkit: a\.bin \(\w+\): http:\S+: refuses: "Requested download is not authorized/m,
  )
  assert.match(stderr, /: peers may not find 2 torrents\n$/)
  const warning = `btkit: warning: ${refused.torrent}: ${tracker.address}/announce: refuses: "Requested`
  assert.ok(seed.stderr.text.includes(warning), seed.stderr.text)
})

test('of two seeds, one that has a torrent is enough', async (t) => {
  const [one, two] = [await plant(t), await plant(t, [], pseudoRandom(50_000, 3))]
  const env = { RUNTIME_DIRECTORY: makeScratch(t) }
  const dht = ['--dht']
  await startSeed(t, [one.torrent, ...dht], { env })
  startOther(t, [two.torrent, ...dht], env)
  await until('both are seeded', async () => {
    const { stdout } = await runBtkit(['status', '--json'], { env })
    return (stdout.match(/"seeding"/g) ?? []).length === 2
  })
  const whole = await runBtkit(['status', one.torrent, two.torrent, '--quiet'], { env })
  assert.deepEqual(whole, { ...whole, status: 0, stdout: '', stderr: '' })

  const absent = 'dd'.repeat(20)
  const lacking = await runBtkit(['status', one.torrent, absent, '--quiet'], { env })
  const why = `${absent}: not in the client (btkit seed)\nbtkit: btkit seed: 1 torrent not seeded\n`
  assert.deepEqual(lacking, { ...lacking, status: 1, stdout: '', stderr: `btkit: ${why}` })
  const { stdout } = await runBtkit(['status', absent, '--json'], { env })
  const { infoHash, state } = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual([infoHash, state], [absent, 'absent'])
})

test('a torrent whose data one seed lacks and another has is seeded', async (t) => {
  const { torrent, data, directory } = await plant(t)
  const env = { RUNTIME_DIRECTORY: makeScratch(t) }
  const dht = ['--dht']
  const copy = join(makeScratch(t), 'a.bin')
  copyFileSync(data, copy)
  rmSync(data)
  await startSeed(t, [torrent, ...dht], { env })
  assert.equal((await runBtkit(['status', directory], { env })).status, 1)
  startOther(t, [torrent, '--data', copy, ...dht], env)
  await until('the other seeds it', async () => {
    const { status, stdout } = await runBtkit(['status', directory], { env })
    return status === 0 && /missing[^]*seeding|seeding[^]*missing/.test(stdout)
  })
})

/** Starts a seed in a process of its own, which has a socket of its own. */
function startOther(t: TestContext, args: readonly string[], env: Record<string, string>) {
  const own = ['--host', '127.0.0.1', '--port', '0', '--no-cache', '--parse-dir-interval', '1']
  const child = startQuick(['btkit'], ['seed', ...args, ...own], { env })
  t.after(() => child.kill())
}

const isRoot = process.getuid?.() === 0

test('a seed of another user is not asked', { skip: !isRoot && 'needs root' }, async (t) => {
  const { torrent } = await plant(t)
  const env = { XDG_RUNTIME_DIR: makeScratch(t) }
  await startSeed(t, [torrent], { env })
  const sockets = join(env.XDG_RUNTIME_DIR, 'btkit')
  const [name = ''] = readdirSync(sockets)
  chownSync(join(sockets, name), 12_345, 12_345)
  assert.match((await runBtkit(['status'], { env })).stderr, /no btkit seed answers/)
})

test('a warning of a tracker is shown by seed and by status, and a refusal with its end by seed', async (t) => {
  let answer = 'd8:intervali1800e5:peers0:15:warning message12:test messagee'
  const port = await listenLocally(
    t,
    createServer((_, response) => response.end(answer)),
  )
  const tracker = `http://127.0.0.1:${port}/announce`
  const { torrent } = await plant(t, [tracker])
  const env = { XDG_RUNTIME_DIR: makeScratch(t) }
  let ahead = 0
  const monotonic = () => performance.now() + ahead
  const seed = await startSeed(t, [torrent], { env, monotonic })
  await seed.said(/(a\.bin\.torrent: http:\S+: warns: "test message")/)
  const { stderr } = assertStatus(await runBtkit(['status'], { env }), 0)
  assert.match(stderr, /^btkit: warning: a\.bin \(\w+\): http:\S+: warns: "test message" \(/)
  const listed = parseJson(await runBtkit(['status', '--json'], { env }))
  assert.deepEqual(
    [listed['warning'], listed['error']],
    [`${tracker}: warns: "test message"`, null],
  )
  answer = 'd14:failure reason4:nonee'
  // Later than the interval
  ahead += 40 * 60_000
  await seed.said(/(a\.bin\.torrent: http:\S+: refuses: "none")/)
  answer = 'd8:intervali1800e5:peers0:e'
  ahead += 40 * 60_000
  await until('it is said', () => seed.stderr.text.endsWith(`${tracker}: answers again\n`))
})

test('a seed that btkit status will not find says why, and seeds', async (t) => {
  const { torrent, infoHash } = await plant(t)
  const env = { XDG_RUNTIME_DIR: join(makeScratch(t, { file: '' }), 'file') }
  const { port, stderr } = await startSeed(t, [torrent], { env })
  assert.match(stderr.text, /\/file\/btkit: .*; btkit status will not find this seed\n/)
  const peer = await connectPeer(t, port, { infoHash })
  await download(peer)
})

test('btkit status names a torrent that a seed cannot seed, with the reason', async (t) => {
  const { torrent, data } = await plant(t)
  rmSync(data)
  const env = { XDG_RUNTIME_DIR: makeScratch(t) }
  await startSeed(t, [torrent], { env })
  const { stdout, stderr } = assertStatus(await runBtkit(['status'], { env }), 1)
  assert.match(stdout, /^a\.bin +missing +0% /m)
  assert.match(
    stderr,
    new RegExp(`^btkit: a\\.bin \\(\\w+\\): its data is not whole: ${data} is missing`),
  )
  assert.match(stderr, /: 1 torrent not seeded\n$/)
})

/** Leaves a socket behind, as a process that is killed does. */
const LEAVE_SOCKET = `require('net').createServer().listen(process.argv[1], () => {
  process.kill(process.pid, 'SIGKILL')
})`

test('uTP is refused at once, so that clients take TCP', async (t) => {
  const { port } = await seedFile(t)
  const { createSocket } = await import('node:dgram')
  const socket = createSocket('udp4')
  t.after(() => {
    socket.close()
  })
  const syn = Buffer.alloc(20)
  syn[0] = 0x41
  syn.writeUInt16BE(0x1234, 2)
  socket.send(syn, port, '127.0.0.1')
  const [answer] = (await once(socket, 'message')) as [Buffer]
  assert.deepEqual([answer[0], answer.readUInt16BE(2)], [0x31, 0x1234])
})

test('a port that is taken is an error that names it, also by BTKIT_SEED_PORT', async (t) => {
  const { torrent, port } = await seedFile(t)
  const seed = ['seed', torrent, '--no-cache']
  const BTKIT_SEED_PORT = String(port)
  for (const result of [
    await runBtkit([...seed, '--port', BTKIT_SEED_PORT]),
    await runBtkit(seed, { env: { BTKIT_SEED_PORT } }),
  ]) {
    const way = 'choose another one with --port; 0: a free one'
    const said = new RegExp(`^btkit: can't listen on \\S+ port ${port}: .*; ${way}\\n$`)
    assert.match(assertStatus(result, 1).stderr, said)
  }
})
