import assert from 'node:assert/strict'
import os from 'node:os'
import { test } from 'node:test'
import type { Io } from '../../../src/cli/io.js'
import { openProgress } from '../../../src/cli/output/bar.js'
import { machineHost, reachableAddress } from '../../../src/cli/output/addresses.js'
import { Captured } from '../../support/run-btkit.js'
import { importMocks } from '../../support/import-mocks.js'

const GIB = 2 ** 30

class Terminal extends Captured {
  readonly isTTY = true
  readonly columns = 80
}

/** A bar over 4 GiB, ten seconds after it was opened. */
async function barAfterTenSeconds(file: string): Promise<string> {
  let now = 1_000_000
  const stderr = new Terminal()
  const io = { stderr, monotonic: () => now, env: {} } as unknown as Io
  const bar = await openProgress(io, 4 * GIB)
  now += 10_000
  bar!.update({ bytesDone: GIB, currentPath: file })
  bar!.stop()
  return stderr.text
}

test('a terminal shows bytes, rate, remaining time and the current file', async () => {
  const text = await barAfterTenSeconds('/srv/image.iso')
  for (const part of ['25%', '1 GiB of 4 GiB', '102 MiB/s', '0:30 left', 'image.iso']) {
    assert.ok(text.includes(part), `${part} in ${JSON.stringify(text)}`)
  }
})

test('the cursor is hidden while the bar is shown, and visible afterwards', async () => {
  const text = await barAfterTenSeconds('/f')
  assert.ok(text.includes('\u001b[?25l'))
  assert.ok(text.lastIndexOf('\u001b[?25h') > text.lastIndexOf('\u001b[?25l'))
})

test('a hostile file name does not reach the terminal raw', async () => {
  const text = await barAfterTenSeconds('/x\u001b]0;h\u0007\u202e')
  assert.ok(!/\u001b\]|\u0007|\u202e/.test(text))
})

test('a terminal without cursor movement shows no bar', async () => {
  const io = { stderr: new Terminal(), monotonic: () => 0, env: { TERM: 'dumb' } } as unknown as Io
  assert.equal(await openProgress(io, GIB), null)
})

test('a pipe gets no bar', async () => {
  const io = { stderr: new Captured(), monotonic: () => 0, env: {} } as unknown as Io
  assert.equal(await openProgress(io, 5), null)
})

for (const [address, expected] of [
  ['http://[::]:6969', 'http://build.example:6969'],
  ['udp://0.0.0.0:6969', 'udp://build.example:6969'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  ['/run/btkit.sock', '/run/btkit.sock'],
] as const) {
  test(`clients reach ${address} as ${expected}`, () => {
    assert.equal(reachableAddress(address, 'build.example'), expected)
  })
}

test('the machine has a name or address that fits in a URL', () => {
  const { hostname } = new URL(`http://${machineHost()}:80/`)
  assert.ok(!['[::]', '0.0.0.0', ''].includes(hostname))
})

test('a sandbox that hides the network does not keep a server from starting', (t) => {
  t.mock.method(os, 'hostname', () => 'short')
  t.mock.method(os, 'networkInterfaces', () => {
    throw new Error('uv_interface_addresses returned Unknown system error 97')
  })
  importMocks(t)
  assert.equal(machineHost(), 'localhost')
})
