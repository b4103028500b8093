import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertHolds, downloadFromPeers } from '../../support/clients.js'
import { executable, startExecutable, startQuick } from '../../support/executable.js'
import { collect } from '../../support/programs.js'
import { longTest } from '../../support/long.js'
import { findPeer, unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { listenLocally } from '../../support/listen.js'

test('btlaunchmany seeds what is in a directory, follows it, and leaves nothing behind', async (t) => {
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

longTest('btlaunchmany tells trackers the address of --ip, over HTTP and UDP', async (t) => {
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
  'a torrent is downloaded through btkit track from btlaunchmany',
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

longTest('btlaunchmany seeds hybrids', async (t) => {
  const directory = await plantRelease(t, 'http://127.0.0.1:1/announce', '--hybrid')
  const { said } = launch(t, [...OFTEN, directory])
  await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
})

const CONTENT = pseudoRandom(300_000)

/** By what is wrong with a content, its bytes, and the reason that is printed. */
const LOST: Readonly<Record<string, readonly [size: number | null, reason: RegExp]>> = {
  'is not there': [null, /\/one\.iso is missing; if it is elsewhere, give --data; /],
  'is cut': [5, /\/one\.iso is short \(5 bytes, not \d+\); /],
  'is damaged': [
    Infinity,
    /\/one\.iso is damaged \(0 of \d+ bytes are in good pieces\); if you changed it, make its torrent again; /,
  ],
}

/** Removes the file of a release, or fills it with zeros, at most `size` of them. */
function harm(directory: string, size: number | null): void {
  const file = join(directory, 'one.iso')
  if (size === null) rmSync(file)
  else writeFileSync(file, Buffer.alloc(Math.min(size, readFileSync(file).length)))
}

const FIRST = 'but if its web server has no byte ranges, delete the data first'

/** The advice for a torrent whose file in a directory was harmed so. */
function advice(torrent: string, directory: string, size: number | null): string {
  if (size !== null)
    return `btkit does not download; this repairs it: aria2c -V -d ${directory} ${torrent}, ${FIRST}`
  const programs = `aria2c -d ${directory} ${torrent}, transmission-cli -w ${directory} ${torrent}`
  return `btkit does not download; these do: ${programs}`
}

for (const [what, [size, reason]] of Object.entries(LOST)) {
  longTest(`the content of one torrent ${what}: status 1, and how to download it`, async (t) => {
    const directory = await plantRelease(t)
    harm(directory, size)
    const torrent = join(directory, 'one.iso.torrent')
    const { said, ended } = launch(t, [torrent], { program: 'btdownloadheadless' })
    assert.equal((await ended).status, 1)
    assert.match(said.text, reason)
    assert.ok(said.text.includes(`btkit: ${torrent}: its data is not whole: `), said.text)
    assert.ok(said.text.endsWith(`; ${advice(torrent, directory, size)}\n`), said.text)
  })

  longTest(`the content of one torrent of a directory ${what}: the others go on`, async (t) => {
    const directory = await plantRelease(t)
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    harm(directory, size)
    const { said } = launch(t, [...OFTEN, directory])
    await until('both are told', () => {
      return reason.test(said.text) && /"two.iso": "seeding" \(100.0%\)/.test(said.text)
    })
    assert.ok(
      said.text.includes(advice(join(directory, 'one.iso.torrent'), directory, size)),
      said.text,
    )
  })
}

longTest('--saveas that is not there is told with the torrent to download', async (t) => {
  const directory = await plantRelease(t)
  const torrent = join(directory, 'one.iso.torrent')
  const args = ['--saveas', 'FILE', '--check_hashes', '0', torrent]
  const { said, ended } = launch(t, args, { program: 'btdownloadheadless', cwd: directory })
  assert.equal((await ended).status, 1)
  assert.match(said.text, /^btkit: FILE: no such file or directory; /m)
  const typed = `aria2c ${torrent}, transmission-cli ${torrent}`
  assert.ok(said.text.endsWith(`; btkit does not download; these do: ${typed}\n`), said.text)
})

/** Bytes of a file that is not the one of the torrent, and how much of that is in it. */
const WRONG: Readonly<Record<string, readonly [bytes: Buffer, reason: string]>> = {
  'a long file': [Buffer.alloc(1_000_000), 'is long (1000000 bytes, not SIZE)'],
  'another file of the size': [Buffer.alloc(0), 'is damaged (0 of SIZE bytes are in good pieces)'],
  'a file that is partly right': [
    Buffer.from(`one.iso${CONTENT.toString('latin1')}`).subarray(0, 70_000),
    'is damaged (65536 of SIZE bytes are in good pieces)',
  ],
}

for (const [what, [bytes, reason]] of Object.entries(WRONG)) {
  for (const [program, option, isOld] of [
    ['btdownloadheadless', '--saveas', true],
    ['btkit', '--data', false],
  ] as const) {
    test(`${program}: ${option} names ${what}: only that file is read, and named`, async (t) => {
      const directory = await plantRelease(t)
      const [torrent, wrong] = [join(directory, 'one.iso.torrent'), join(directory, 'wrong')]
      const { length } = readFileSync(join(directory, 'one.iso'))
      writeFileSync(wrong, bytes.length > length ? bytes : Buffer.alloc(length))
      writeFileSync(wrong, bytes, { flag: 'r+' })
      const args = [torrent, option, wrong, '--port', '0']
      const { status, stdout, stderr } = isOld
        ? await runBtkit(args, { program, subcommand: 'seed' })
        : await runBtkit(['seed', ...args])
      assert.equal(status, 1)
      const why = `${wrong} ${reason.replace('SIZE', `${length}`)}; `
      assert.ok(stderr.includes(`btkit: ${torrent}: its data is not whole: ${why}`), stderr)
      assert.equal((stdout + stderr).split('not whole').length, 2, 'one line')
    })
  }
}

longTest('--responsefile names the torrent', async (t) => {
  const directory = await plantRelease(t)
  const args = ['--responsefile', join(directory, 'one.iso.torrent'), '--url', '']
  const { said } = launch(t, [...OFTEN, ...args], { program: 'btdownloadheadless' })
  await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
})

test('--url of a torrent is answered with what downloads it', async () => {
  const url = 'http://127.0.0.1:1/one.iso.torrent'
  const old = { program: 'btdownloadheadless', subcommand: 'seed' }
  const { status, stdout, stderr } = await runBtkit(['--url', url], old)
  assert.equal(status, 2)
  const programs = `aria2c ${url}, transmission-cli ${url}`
  const said = `${url}: a URL, not a file; btkit does not download; these do: ${programs}`
  assert.equal(stdout + stderr, `btkit: ${said}\n`)
})

longTest('--saveas finds the data in another directory', async (t) => {
  const directory = await plantRelease(t)
  const elsewhere = makeScratch(t, {})
  renameSync(join(directory, 'one.iso'), join(elsewhere, 'other name'))
  const { said } = launch(t, [...OFTEN, '--saveas', elsewhere, directory])
  await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
})

/** Lines of old documents, which are typed where FILE and its torrent are. */
const OLD_LINES = [
  'btlaunchmany.py --minport PORT --maxport 60999 --ip 127.0.0.1 ./',
  'btlaunchmany --minport PORT --maxport 60999 ./',
  'btlaunchmanycurses --minport PORT --maxport 60999 ./',
  'btdownloadheadless --minport PORT --maxport 60999 --saveas FILE --check_hashes 0 FILE.torrent',
  'btdownloadcurses.py --minport PORT --maxport 60999 --saveas FILE FILE.torrent',
]

for (const line of OLD_LINES) {
  longTest(`only with Node, as typed: ${line}`, unlessLibtorrent, async (t) => {
    const tracker = await startTrack(t, { args: ['--interval', '5'] })
    const directory = await plantRelease(t)
    await addRelease(directory, 'FILE', `${tracker.address}/announce`)
    const path = makeScratch(t, {})
    symlinkSync(process.execPath, join(path, 'node'))
    // The first port is taken
    const taken = createServer()
    await listenLocally(t, taken, '::')
    const { port } = taken.address() as AddressInfo
    const [program = '', ...args] = line.replace('PORT', `${port}`).split(' ')
    const name = program.replace(/\.py$/, '')
    const { said } = follow(t, startExecutable(name, args, { cwd: directory, env: { PATH: path } }))
    await until('added', () => said.text.includes('/FILE.torrent\n'))
    const [, used] = /listening on port (\d+)/.exec(said.text) ?? []
    assert.ok(Number(used) > port, said.text)
    const to = makeScratch(t)
    await downloadFromPeers(t, readFileSync(join(directory, 'FILE.torrent')), { directory: to })
    assertHolds(to, { FILE: readFileSync(join(directory, 'FILE')) })
  })
}

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

interface Launch {
  readonly program?: string
  readonly cwd?: string
}

/** Starts a program of an old name, which shows torrents often. */
function launch(
  t: TestContext,
  args: readonly string[],
  { program = 'btlaunchmany', ...options }: Launch = {},
) {
  return follow(t, startQuick([program, 'seed'], args, options))
}

/** Returns what a program says, as it says it. */
function follow(t: TestContext, child: ReturnType<typeof startQuick>) {
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
