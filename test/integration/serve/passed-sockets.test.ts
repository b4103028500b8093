import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { ask } from '../../mirror/ask.js'
import { parseAnswers, rawRequest, requestText } from '../../mirror/hostile/raw.js'
import { executable } from '../../support/executable.js'
import { projectRoot } from '../../support/programs.js'
import { longTest } from '../../support/long.js'
import { findFreePort } from '../../support/opentracker.js'
import { unlessInstalled } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** Sockets are passed by a program in Python. */
const unlessPassed = {
  skip: (process.platform !== 'linux' && 'there is no systemd') || unlessInstalled('python3').skip,
}

/** Options of a service that has a mirror of one file. */
function serveArgs(root: string, cacheDir: string): string[] {
  return ['serve', root, '--trackerless', '--log', 'off', '--cache-dir', cacheDir]
}

test('serve answers on all sockets that it was started with', unlessPassed, async (t) => {
  const directory = makeScratch(t, { 'mirror/file': 'content' })
  const path = join(directory, 'a socket')
  const args = serveArgs(join(directory, 'mirror'), directory)
  const launcher = await launch(t, { sockets: ['tcp', 'tcp6', path], args })
  const [port = 0, port6 = 0] = launcher.ports
  const answers = [
    await ask(port, '/file'),
    await ask(port6, '/file', { host: '::1' }),
    ...(await Promise.all(Array.from({ length: 50 }, () => ask(path, '/file')))),
  ]
  for (const { body } of answers) assert.equal(body.toString(), 'content')
  assert.equal(await launcher.stop(), 0)
  const addresses = [`http://127.0.0.1:${port}`, `http://[::1]:${port6}`, path]
  for (const address of addresses) {
    assert.ok(launcher.output().includes(`address:  ${address}\n`), launcher.output())
  }
})

longTest('no request is lost while serve is started anew', unlessPassed, async (t) => {
  const directory = makeScratch(t, { 'mirror/file': 'content' })
  const args = serveArgs(join(directory, 'mirror'), directory)
  const launcher = await launch(t, { sockets: ['tcp'], args })
  const [port = 0] = launcher.ports
  let isOver = false
  let served = 0
  // On a connection of its own
  const askOnce = async () => {
    const [answer] = parseAnswers(await rawRequest(port, requestText('GET /file')))
    assert.deepEqual([answer?.status, answer?.body], [200, 'content'])
    served++
  }
  const askOn = async () => {
    while (!isOver) await askOnce()
  }
  const clients = Promise.all([askOn(), askOn(), askOn(), askOn()])
  const askMore = async () => {
    for (const enough = served + 50; served < enough;) await Promise.race([clients, askOnce()])
  }
  for (let restart = 0; restart < 3; restart++) {
    await askMore()
    assert.equal(await launcher.stop(), 0)
    launcher.start()
  }
  await askMore()
  isOver = true
  await clients
})

longTest('a socket that can not be served on ends it with a reason', unlessPassed, async (t) => {
  const directory = makeScratch(t)
  const launcher = await launch(t, { sockets: ['udp'], args: serveArgs(directory, directory) })
  assert.equal(await launcher.ended(), 2)
  assert.equal(
    launcher.output(),
    'btkit: LISTEN_FDS: 3 is a UDP socket; pass a TCP socket, or give --track\n',
  )
})

longTest(
  'track answers on sockets that it was started with, TCP and UDP',
  unlessPassed,
  async (t) => {
    const directory = makeScratch(t)
    const args = ['track', '--open', '--state-dir', directory]
    const launcher = await launch(t, { sockets: ['tcp', 'udp'], args })
    const [port = 0, udpPort = 0] = launcher.ports
    assert.equal((await ask(port, '/-/health')).status, 200)
    assert.equal(await connectUdp(t, udpPort), '000000000000abcd')
    assert.equal(await launcher.stop(), 0)
  },
)

longTest('options that passed sockets replace are named once', unlessPassed, async (t) => {
  const ignored = (names: string) => {
    const why = 'ignored, because the service manager passed sockets; change the socket unit'
    return `btkit: warning: ${names}: ${why}\n`
  }
  const track = ['track', '--open', '--state-dir', makeScratch(t)]
  const root = makeScratch(t)
  for (const [sockets, args, warnings] of [
    [['tcp', 'udp'], [...track, '--port', '7070', '--no-udp'], [ignored('--port, --no-udp')]],
    [['tcp'], [...track, '--host', '::', '--no-udp'], [ignored('--host')]],
    // The unit beside the socket unit has it
    [['tcp', 'udp'], [...track, '--port', '6969'], []],
    [['tcp'], [...serveArgs(root, makeScratch(t)), '--port', '9090'], [ignored('--port')]],
  ] as const) {
    const launcher = await launch(t, { sockets, args })
    await until('it has started', () => /address:|http:/.test(launcher.output()))
    assert.equal(await launcher.stop(), 0)
    const shown = launcher.output().match(/btkit: warning: .*\n/g) ?? []
    assert.deepEqual(shown, warnings, launcher.output())
  }
})

/** The answer to the first packet of a client, which is asked for a connection id. */
async function connectUdp(t: TestContext, port: number): Promise<string> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const answered = once(socket, 'message') as Promise<[Buffer]>
  socket.send(Buffer.from('0000041727101980000000000000abcd', 'hex'), port, '127.0.0.1')
  const [answer] = await answered
  return answer.subarray(0, 8).toString('hex')
}

/** Options of a service that has a mirror of one file, and is its tracker. */
function trackingArgs(t: TestContext): string[] {
  const directory = makeScratch(t, { 'mirror/file': 'content' })
  const args = serveArgs(join(directory, 'mirror'), directory).filter(
    (arg) => arg !== '--trackerless',
  )
  return [...args, '--state-dir', makeScratch(t), '--track']
}

for (const [testUrl, given] of [
  [test, null],
  [longTest, 'http://tracker.example:6969/announce'],
] as const) {
  const what = given === null ? 'whose port is in torrents' : 'whatever the announce URL'
  testUrl(
    `the tracker of serve answers on the sockets that are called so, ${what}`,
    unlessPassed,
    async (t) => {
      const args = given === null ? trackingArgs(t).slice(0, -1) : [...trackingArgs(t), given]
      const env: Record<string, string> = given === null ? { BTKIT_SERVE_TRACK: '1' } : {}
      const names = ['web', 'tracker', 'tracker']
      const launcher = await launch(t, { sockets: ['tcp', 'tcp', 'udp'], names, args, env })
      const [port = 0, trackerPort = 0, udpPort = 0] = launcher.ports
      assert.equal((await ask(port, '/file')).body.toString(), 'content')
      const own = `http://127.0.0.1:${trackerPort}/announce`
      const { body } = await ask(port, '/file.torrent')
      assert.ok(body.includes(`8:announce${(given ?? own).length}:${given ?? own}`))
      const front = await fetch(`http://127.0.0.1:${trackerPort}/`)
      assert.match(await front.text(), /<h1>/)
      assert.equal(await connectUdp(t, udpPort), '000000000000abcd')
      assert.equal(await launcher.stop(), 0)
      for (const line of [
        `address:  http://127.0.0.1:${port}\n`,
        `tracking: ${own}\n`,
        `tracking: udp://127.0.0.1:${udpPort}/announce\n`,
      ]) {
        await until(line, () => launcher.output().includes(line))
      }
    },
  )
}

longTest('a tracker without a TCP socket needs its announce URL', unlessPassed, async (t) => {
  const setup = { sockets: ['udp'], names: ['tracker'], args: trackingArgs(t) }
  const launcher = await launch(t, setup)
  assert.equal(await launcher.ended(), 2)
  const why = 'the service manager passed no TCP socket for the tracker; give its announce URL'
  assert.equal(launcher.output(), `btkit: --track: ${why}\n`)
})

longTest('where only serve has sockets, its tracker listens by itself', unlessPassed, async (t) => {
  const trackerPort = await findFreePort()
  const track = [`http://127.0.0.1:${trackerPort}/announce`, '--host', '127.0.0.1']
  const launcher = await launch(t, { sockets: ['tcp'], args: [...trackingArgs(t), ...track] })
  const [port = 0] = launcher.ports
  assert.equal((await ask(port, '/file')).body.toString(), 'content')
  assert.equal((await ask(trackerPort, '/-/health')).status, 200)
  assert.equal(await launcher.stop(), 0)
})

longTest('where only the tracker has sockets, serve listens by itself', unlessPassed, async (t) => {
  const servePort = await findFreePort()
  const track = ['http://tracker.example/announce', '--port', String(servePort)]
  const args = [...trackingArgs(t), ...track]
  const launcher = await launch(t, { sockets: ['tcp'], names: ['tracker'], args })
  const [port = 0] = launcher.ports
  // The socket is there before the program
  assert.match((await ask(port, '/catalogue/')).body.toString(), /<h1>/)
  await until('started', () => launcher.output().includes('address:'))
  assert.equal((await ask(servePort, '/file')).body.toString(), 'content')
  assert.equal(await launcher.stop(), 0)
})

/** Starts and stops a program with sockets of its own, as systemd does. */
interface Launcher {
  /** Of the sockets; 0 for Unix sockets. */
  readonly ports: readonly number[]
  readonly start: () => void
  /** Stops the program, and resolves with its exit status. */
  readonly stop: () => Promise<number>
  /** Resolves with the exit status of a program that ends by itself. */
  readonly ended: () => Promise<number>
  /** The output of the programs so far. */
  readonly output: () => string
}

interface LaunchSetup {
  /** `tcp`, `tcp6`, `udp`, or the path of a Unix socket. */
  readonly sockets: readonly string[]
  readonly names?: readonly string[]
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const SCRIPT = join(projectRoot, 'test/support/service-launcher.py')

/**
 * Opens sockets for `btkit ...args` until the test ends, and starts it. After a stop, it starts
 * when the test asks for it.
 */
async function launch(t: TestContext, setup: LaunchSetup): Promise<Launcher> {
  const { sockets, names = [], args, env = {} } = setup
  const command = [process.execPath, executable('btkit'), ...args]
  const python = spawn('python3', [SCRIPT, sockets.join(), names.join(':'), ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  })
  t.after(() => python.stdin.end())
  let output = ''
  python.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`the launcher has ended: ${output}`)
    return JSON.parse(line.value) as unknown
  }
  const ports = (await next()) as number[]
  const start = () => python.stdin.write('start\n')
  start()
  return {
    ports,
    start,
    stop: () => {
      python.stdin.write('stop\n')
      return next() as Promise<number>
    },
    ended: () => {
      python.stdin.write('wait\n')
      return next() as Promise<number>
    },
    output: () => output,
  }
}
