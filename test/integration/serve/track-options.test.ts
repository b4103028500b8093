import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { machineHost } from '../../../src/cli/output/addresses.js'
import { findFreePort } from '../../support/opentracker.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'

for (const url of ['http://h.example:0/announce', 'udp://h.example:0']) {
  test(`serve --track ${url} is refused: no client could reach port 0`, async (t) => {
    const why = 'port 0 cannot be used in torrents'
    const refused = await runBtkit(['serve', makeScratch(t), '--track', url])
    assertError(refused, 'usage', `--track '${url}': ${why}`)
  })
}

test('a variable or a configuration can give --track without a URL', async (t) => {
  const config = join(makeScratch(t, { 'btkit.yaml': 'serve:\n  track: true\n' }), 'btkit.yaml')
  const args = ['serve', makeScratch(t), '--port', '6969', '--config']
  const results = [
    await runBtkit([...args, config]),
    await runBtkit([...args, '/dev/null'], { env: { BTKIT_SERVE_TRACK: '1' } }),
  ]
  for (const result of results) assertError(result, 'usage', '--track: port 6969')
})

test('if the port of the tracker is in use, the message names the option', async (t) => {
  const other = createServer()
  t.after(() => other.close())
  const port = await findFreePort()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--host', '127.0.0.1']
  const args = [...track, '--port', '0', '--state-dir', makeScratch(t)]
  const what = `can't listen on 127.0.0.1 port ${port}: address already in use`
  const way = 'choose the port of the tracker by --track http://HOST:PORT/announce'
  assertError(await runBtkit(['serve', makeScratch(t), ...args]), 'io', `${what}; ${way}`)
})

test('serve --track says where the tracker listens and has its state', async (t) => {
  const port = await findFreePort()
  const state = makeScratch(t)
  const track = ['--track', `udp://127.0.0.1:${port}`, '--state-dir', state]
  const mirror = await serveMirror(t, { args: ['--host', '127.0.0.1', ...track] })
  const file = join(state, 'tracker.state')
  const lines = mirror.stdout.text.split('\n').filter((line) => /^(?:tracking|state):/.test(line))
  assert.deepEqual(lines, [
    `tracking: http://127.0.0.1:${port}/announce`,
    `tracking: udp://127.0.0.1:${port}/announce`,
    `state:    ${file}`,
  ])
  assert(existsSync(file))
})

test('serve --track without --host says that the tracker listens on all addresses', async (t) => {
  const port = await findFreePort()
  const track = ['--track', `udp://127.0.0.1:${port}`, '--state-dir', makeScratch(t)]
  const { address, stdout } = await serveMirror(t, { args: track })
  assert.match(address, /^http:\/\/127\.0\.0\.1:/)
  const lines = stdout.text.split('\n').filter((line) => line.startsWith('tracking:'))
  assert.deepEqual(lines, [
    `tracking: http://${machineHost()}:${port}/announce (on all addresses)`,
    `tracking: udp://${machineHost()}:${port}/announce (on all addresses)`,
  ])
})

test('a wrong proxy is told with the option', async () => {
  const why = 'must be unix or an address such as 10.0.0.0/8'
  const refused = await runBtkit(['track', '--trust-proxy', 'foo'])
  assertError(refused, 'usage', `--trust-proxy 'foo': ${why}`)
})

for (const args of [
  ['--reannounce_interval', '-5'],
  ['--reannounce_interval=-5'],
  ['--interval', '-5'],
]) {
  test(`the wrong value of ${args.join(' ')} is told by the name that was typed`, async () => {
    const name = args[0]?.split('=')[0]
    const why = 'not a whole number of seconds from 1 to 604800, nor a time such as 10m'
    assertError(await runBtkit(['track', ...args]), 'usage', `${name} '-5': ${why}`)
  })
}
