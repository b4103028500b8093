import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { request, Server } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { startServe } from '../hostile/process.js'
import { SINGLE } from '../hostile/siege.js'
import { listenLocally } from '../../support/listen.js'
import { serveMirror } from '../../support/serve.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no Unix sockets here' }

/** Runs a service that should fail at once; if it starts, it is stopped. */
function runServe(t: TestContext, root: string, args: readonly string[]) {
  const options = ['--cache-dir', makeScratch(t), '--trackerless', '--log', 'off']
  return runBtkit(['serve', root, ...options, ...args], { signal: AbortSignal.timeout(10_000) })
}

/** Requests a path over a Unix socket. */
function askSocket(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, headers: { Host: 'mirror.example' } }, (answer) => {
      let body = ''
      answer.setEncoding('latin1')
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body })
      })
    })
    sent.on('error', reject).end()
  })
}

test('a port in use is reported in one line', async (t) => {
  const port = await listenLocally(t, createServer())
  const result = await runServe(t, makeScratch(t), ['--port', String(port)])
  assertError(result, 'io', `${port}`, 'in use; choose another one with --port; 0: a free one')
})

test('a port in use at the second of two addresses is reported in one line, too', async (t) => {
  const port = await listenLocally(t, createServer())
  const socket = join(makeScratch(t), 'socket')
  const args = ['--host', socket, '--host', '127.0.0.1', '--port', String(port)]
  assertError(await runServe(t, makeScratch(t), args), 'io', `${port}`)
  assert.equal(existsSync(socket), false)
})

for (const [what, below, args, code, said] of [
  ['an address that this machine lacks', '', ['--host', '192.0.2.1'], 'io', '192.0.2.1'],
  ['a missing root', '/nowhere', [], 'not-found', '/nowhere'],
  ['a root that is a file', '/file', [], 'not-found', '/file'],
] as const) {
  test(`${what} is reported in one line`, async (t) => {
    const root = makeScratch(t, { file: 'x' }) + below
    assertError(await runServe(t, root, ['--port', '0', ...args]), code, said)
  })
}

test('listens on each --host', unlessPosix, async (t) => {
  const socket = join(makeScratch(t), 'socket')
  const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.1', socket]
  const args = hosts.flatMap((host) => ['--host', host])
  const { said, stdout, stop } = await serveMirror(t, { args })
  await said(/^(try: )/m)
  const addresses = [...stdout.text.matchAll(/^address: +(.+)$/gm)].map(([, address]) => address)
  assert.equal(addresses.length, 4)
  const [first, second, again] = addresses.map((address = '') => /:(\d+)$/.exec(address)?.[1])
  assert.ok(first === second && again !== first)
  for (const address of addresses.slice(0, 3)) {
    assert.equal((await fetch(`${address}/-/health`)).status, 200)
  }
  assert.deepEqual(addresses[3], socket)
  assert.equal((await askSocket(socket, '/-/health')).body, 'ok\n')
  assert.equal((await stop()).status, 0)
})

test('serves on a Unix socket, and removes its file at the end', unlessPosix, async (t) => {
  const socket = join(makeScratch(t), 'socket')
  const args = ['--host', socket, '--log', 'off']
  const { stop } = await serveMirror(t, { files: { 'yum/good.rpm': 'good' }, args })
  assert.ok(statSync(socket).isSocket())
  assert.deepEqual(await askSocket(socket, '/yum/good.rpm'), { status: 200, body: 'good' })
  assert.equal((await askSocket(socket, `${SINGLE}/yum/good.rpm`)).status, 200)
  const { status, stderr } = await stop()
  assert.deepEqual([status, stderr, existsSync(socket)], [0, '', false])
})

test(
  'a path that is too long for a Unix socket is refused before listening',
  unlessPosix,
  async (t) => {
    const directory = makeScratch(t)
    for (const length of [108, 120]) {
      const path = join(directory, 'é').padEnd(length - 1, 'l')
      const why = `too long for a Unix socket (${length} bytes); use at most 107`
      assertError(await runServe(t, directory, ['--host', path]), 'usage', `${path}: ${why}`)
      assert.deepEqual(readdirSync(directory), [])
    }
    const longest = join(directory, 'é').padEnd(106, 'l')
    const { stop } = await serveMirror(t, { args: ['--host', longest] })
    assert.ok(statSync(longest).isSocket())
    assert.equal((await stop()).status, 0)
  },
)

test('an idle connection stays open for 30 s, and one without progress for 2 minutes', async (t) => {
  const set = t.mock.method(Server.prototype, 'setTimeout')
  const { address } = await serveMirror(t, { args: ['--max-wait', '30'] })
  assert.equal((await fetch(`${address}/-/health`)).headers.get('Keep-Alive'), 'timeout=30')
  const times = set.mock.calls.map(({ arguments: [time] }) => time)
  assert.deepEqual(times.filter(Boolean), [120_000])
})

test('replaces the socket that a killed service left', unlessPosix, async (t) => {
  const socket = join(makeScratch(t), 'socket')
  const killed = await startServe(t, makeScratch(t), { args: ['--host', socket] })
  await killed.stop('SIGKILL')
  assert.ok(existsSync(socket))
  const { stop } = await serveMirror(t, { args: ['--host', socket] })
  assert.equal((await askSocket(socket, '/-/health')).status, 200)
  assert.equal((await stop()).status, 0)
})

test('does not replace the socket of a running service', unlessPosix, async (t) => {
  const socket = join(makeScratch(t), 'socket')
  await serveMirror(t, { args: ['--host', socket] })
  assertError(await runServe(t, makeScratch(t), ['--host', socket]), 'io', socket)
  assert.equal((await askSocket(socket, '/-/health')).status, 200)
})

test('does not remove a file that is not a socket', unlessPosix, async (t) => {
  const path = join(makeScratch(t), 'precious')
  writeFileSync(path, 'precious')
  const why = `${path}: this is not a socket; name another path`
  assertError(await runServe(t, makeScratch(t), ['--host', path]), 'io', why)
  assert.equal(statSync(path).size, 8)
})

test('an empty --host does not mean all addresses', async (t) => {
  assertError(await runServe(t, makeScratch(t), ['--port', '0', '--host', '']), 'usage', '--host')
})
