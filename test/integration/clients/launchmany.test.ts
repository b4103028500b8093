import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertHolds, downloadFromPeers } from '../../support/clients.js'
import { executable, startQuick } from '../../support/executable.js'
import { collect } from '../../support/programs.js'
import { longTest } from '../../support/long.js'
import { findPeer, unlessInstalled, unlessLibtorrent, unlessVersion } from '../../support/peers.js'
import { assertError, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { startFakeTransmission } from '../../support/fake-transmission.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { listenLocally } from '../../support/listen.js'

test('launchmany seeds what is in a directory, follows it, and leaves nothing behind', async (t) => {
  const directory = await plantRelease(t)
  const { said, stop } = launch(t, [...OFTEN, ...OLD, directory])
  await until('seeded', () => /"one.iso": "seeding" \(100.0%\)/.test(said.text))

  mkdirSync(join(directory, 'below'))
  await addRelease(join(directory, 'below'), 'two.iso', 'http://127.0.0.1:1/announce')
  await until('new one seeded', () => /"two.iso": "seeding" \(100.0%\)/.test(said.text))

  rmSync(join(directory, 'one.iso.torrent'))
  await until('let go', () => said.text.includes(`dropped ${directory}/one.iso.torrent`))
  const before = said.text.length
  await until('shown again', () => said.text.lastIndexOf('two.iso') > before)
  assert.doesNotMatch(said.text.slice(before), /"one.iso"/)

  assert.equal((await stop('SIGTERM')).status, 0)
  assert.deepEqual(readdirSync(directory).sort(), ['below', 'one.iso'])
})

longTest(
  '--saveas-style 3 finds the data in a directory that is named like the torrent',
  async (t) => {
    const directory = await plantRelease(t)
    const own = join(directory, 'one.iso')
    renameSync(own, join(directory, 'data'))
    mkdirSync(own)
    renameSync(join(directory, 'data'), join(own, 'one.iso'))
    const { said } = launch(t, [...OFTEN, '--saveas_style', '3', directory])
    await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
  },
)

longTest('--no-check-hashes is for clients: btkit sends checked data only', async (t) => {
  const directory = makeScratch(t)
  const old = launch(t, ['--check_hashes', '0', directory])
  await until('told', () =>
    old.said.text.includes('ignored: --check-hashes 0 (btkit sends checked'),
  )
  const refused = await runBtkit(['launchmany', '--no-check-hashes', directory])
  assertError(refused, 'usage', '--no-check-hashes: needs --client; btkit sends checked data only')
})

longTest('launchmany tells trackers the address of --ip, over HTTP and UDP', async (t) => {
  const tracker = await startTrack(t)
  const directory = await plantRelease(t, `${tracker.address}/announce`)
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('d8:intervali60e5:peers0:e')
  })
  await listenLocally(t, server)
  const socket = createSocket('udp4')
  const ips: string[] = []
  socket.on('message', (packet, { port, address }) => {
    const answer = Buffer.alloc(packet.readUInt32BE(8) === 0 ? 16 : 20)
    packet.copy(answer, 0, 8, 16)
    if (packet.readUInt32BE(8) === 1) ips.push(packet.subarray(84, 88).join('.'))
    socket.send(answer, port, address)
  })
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve)
  })
  t.after(() => socket.close())
  const { port } = server.address() as AddressInfo
  await addRelease(directory, 'two.iso', `http://127.0.0.1:${port}/announce`)
  await addRelease(directory, 'three.iso', `udp://127.0.0.1:${socket.address().port}`)
  launch(t, [...OFTEN, '--ip', '192.0.2.7', directory])
  await until('both are asked', () => asked.length > 0 && ips.length > 0)
  assert.match(asked[0] ?? '', /[?&]ip=192\.0\.2\.7(&|$)/)
  assert.equal(ips[0], '192.0.2.7')
})

longTest('a torrent whose data is damaged is told, and seeded once it is whole', async (t) => {
  const directory = await plantRelease(t)
  const file = join(directory, 'one.iso')
  const whole = readFileSync(file)
  writeFileSync(file, Buffer.alloc(whole.length))
  const { said } = launch(t, [...OFTEN, directory])
  await until('told', () => said.text.includes('its data is not whole'))
  assert.doesNotMatch(said.text, /seeding/)
  writeFileSync(file, whole)
  await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
  assert.equal(said.text.split('its data is not whole').length, 2, 'told once')
})

longTest(
  'launchmany lets go of what it gave a client that is not its own, and of nothing else',
  unlessInstalled('transmission-daemon'),
  async (t) => {
    const directory = await plantRelease(t)
    const daemon = await daemonKinds['transmission']!.start(t)
    const published = ['publish', join(directory, 'one.iso.torrent'), '--client', daemon.url]
    assert.equal((await runBtkit(published)).status, 0)
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    const { said, stop } = launch(t, [...OFTEN, directory], { BTKIT_CLIENT: daemon.url })
    await until('both seeded', () => /"one.iso": "seeding"[^]*"two.iso": "seeding"/.test(said.text))
    assert.equal((await stop('SIGINT')).status, 0)
    const { stdout } = await runBtkit(['status', '--client', daemon.url])
    assert.match(stdout, /^one.iso .*seeding/m)
    assert.doesNotMatch(stdout, /two.iso/)
  },
)

longTest(
  'a torrent is downloaded through btkit track from launchmany',
  unlessLibtorrent,
  async (t) => {
    const tracker = await startTrack(t, { args: ['--interval', '5'] })
    const directory = await plantRelease(t, `${tracker.address}/announce`)
    const { said } = launch(t, [...OFTEN, directory])
    await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
    await until('announced', async () => {
      return /complete/.test(await (await tracker.get('/scrape')).text())
    })
    const to = makeScratch(t)
    const torrent = readFileSync(join(directory, 'one.iso.torrent'))
    const { trackerPeers } = await downloadFromPeers(t, torrent, { directory: to })
    assert.ok(trackerPeers > 0)
    assertHolds(to, { 'one.iso': readFileSync(join(directory, 'one.iso')) })
  },
)

longTest('launchmany seeds hybrids', async (t) => {
  const directory = await plantRelease(t, 'http://127.0.0.1:1/announce', '--hybrid')
  const { said } = launch(t, [...OFTEN, directory])
  await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
})

test('launchmany tells once that a client does not answer, and once that it does again', async (t) => {
  let isAway = true
  const url = await startFakeTransmission(t, [], () => isAway)
  const { said } = launch(t, [...OFTEN, makeScratch(t, {}), '--client', url])
  await until('it is told', () => said.text.includes('503'))
  isAway = false
  await until('the end is told', () => said.text.includes('answers again'))
  isAway = true
  await until('it is told again', () => said.text.split('503').length > 2)
  assert.equal(said.text.split('answers again').length, 2, said.text)
})

longTest(
  'launchmany tells once that a client can not open a hybrid, and seeds the others',
  { skip: unlessVersion('aria2c', /^aria2 version 1\.36\./) },
  async (t) => {
    const directory = await plantRelease(t, 'http://127.0.0.1:1/announce', '--hybrid')
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    const daemon = await daemonKinds['aria2']!.start(t)
    const { said } = launch(t, [...OFTEN, directory, '--client', daemon.url])
    await until('the other is seeded', () => said.text.includes('"two.iso": "seeding" (100.0%)'))
    await addRelease(directory, 'three.iso', 'http://127.0.0.1:1/announce')
    await until('tried again', () => said.text.includes('"three.iso": "seeding" (100.0%)'))
    const told = said.text.split('\n').filter((line) => line.includes('one.iso.torrent'))
    assert.equal(told.length, 1, told.join('\n'))
    assert.match(told.join(), /aria2 1\.36\.\d+ can't open this hybrid/)
  },
)

/** A terminal of 80 by 24 in which a shell runs, and what is seen on it. */
function openTerminal(t: TestContext, env: Readonly<Record<string, string>>) {
  // Before the directory of its socket is removed
  t.after(() => tmux('kill-server'))
  const socket = join(makeScratch(t), 'tmux')
  const tmux = (...args: readonly string[]) => {
    return execFileSync(findPeer('tmux')!, ['-S', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env, LC_ALL: 'C.UTF-8' },
      timeout: LIMIT,
    })
  }
  tmux('new-session', '-d', '-x', '80', '-y', '24', findPeer('sh')!)
  return {
    type: (...keys: readonly string[]) => tmux('send-keys', ...keys),
    resize: (columns: number, rows: number) => {
      tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)
    },
    seen: () => tmux('capture-pane', '-p'),
    /** With what went up out of sight. */
    all: () => tmux('capture-pane', '-p', '-S', '-'),
  }
}

longTest(
  'the table of a terminal stays after messages and another size, and leaves only messages behind',
  unlessInstalled('tmux'),
  async (t) => {
    const directory = await plantRelease(t, '--trackerless')
    await addRelease(directory, 'two.iso', '--trackerless')
    const terminal = openTerminal(t, { TMPDIR: makeScratch(t) })
    const btkit = [process.execPath, executable('btlaunchmany')].join(' ')
    const seldom = '--parse_dir_interval 0.3 --no-cache'
    terminal.type(`${btkit} ${seldom} ${OLD.join(' ')} ${directory}; echo status: $?`, 'Enter')
    await until('seen', () => /^one.iso .*\n {2}no HTTP .*\ntwo.iso /m.test(terminal.seen()))

    rmSync(join(directory, 'one.iso.torrent'))
    await until('told', () => terminal.seen().includes('dropped'))
    await until('shown again', () =>
      /^name .*\ntwo.iso .*\n {2}no HTTP .*\n\n/.test(terminal.seen()),
    )

    for (const [columns, rows] of [
      [60, 12],
      [100, 30],
    ] as const) {
      terminal.resize(columns, rows)
      await until('fits', () => terminal.seen().split('\n')[0]!.length > columns - 20)
      assert.equal(terminal.seen().match(/^name /gm)?.length, 1, terminal.seen())
      assert.equal(terminal.seen().match(/^two.iso /gm)?.length, 1, terminal.seen())
    }

    terminal.type('C-c')
    await until('ended', () => /^status: 0$/m.test(terminal.seen()))
    const left = terminal.all()
    assert.doesNotMatch(left, /^name /m)
    for (const told of ['added', 'dropped']) assert.match(left, new RegExp(`^btkit: ${told} `, 'm'))
  },
)

/** How long a torrent may take to be seeded or let go, in milliseconds. */
const LIMIT = 60_000

const CONTENT = pseudoRandom(300_000)

/** A directory with a file and its torrent. */
async function plantRelease(
  t: TestContext,
  tracker = 'http://127.0.0.1:1/announce',
  ...more: readonly string[]
) {
  const directory = makeScratch(t)
  await addRelease(directory, 'one.iso', tracker, ...more)
  return directory
}

async function addRelease(
  directory: string,
  name: string,
  ...args: readonly string[]
): Promise<void> {
  writeFileSync(join(directory, name), name + CONTENT.toString('latin1'))
  assertStatus(await runBtkit(['makemetafile', join(directory, name), '--no-cache', ...args]), 0)
}

/** Starts the program, and returns what it says, as it says it. */
function launch(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = startQuick(['btlaunchmany', 'launchmany'], args, { env })
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
  }
  const ended = collect(child)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return { said, stop, ended }
}

const OFTEN = ['--parse_dir_interval', '0.3']
const OLD = ['--minport', '6881', '--maxport', '6999', '--ip', '127.0.0.1']
