import assert from 'node:assert/strict'
import { Socket } from 'node:dgram'
import { Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { findAddon } from '../../../src/base/native-addon.js'
import { plantFile, startSeed } from '../../support/seed.js'
import { serveMirror } from '../../support/serve.js'
import { startTrack } from '../../support/track.js'

// In a process of its own: all that listens in it has no IPv6

/** Lets sockets fail at `::` as on a machine whose kernel began with `ipv6.disable=1`. */
function takeIPv6(t: TestContext): void {
  const found = findAddon()
  const { functions } = found
  // Node's own sockets are used without these
  Object.assign(found, { functions: { ...functions, udpOpen: () => -1 } })
  t.after(() => Object.assign(found, { functions }))
  for (const [place, name] of [
    [Server.prototype, 'listen'],
    [Socket.prototype, 'bind'],
  ] as const) {
    const real = Reflect.get(place, name) as (...args: unknown[]) => unknown
    t.mock.method(
      place,
      name as never,
      function (this: Server, ...args: unknown[]) {
        const [{ host, address } = {}] = args as [{ host?: string; address?: string }?]
        if ((host ?? address) !== '::') return real.apply(this, args)
        const error = { code: 'EAFNOSUPPORT', errno: -97, syscall: name }
        setImmediate(() => this.emit('error', Object.assign(new Error(name), error)))
        return this
      } as never,
    )
  }
}

test('without IPv6, all that listens everywhere has all addresses of IPv4', async (t) => {
  takeIPv6(t)
  const port = { args: ['--host', '::'] }
  const track = await startTrack(t, port)
  assert.match(track.stdout.text, /http:[^\n]+\n[^]*udp:/)
  assert.doesNotMatch(track.stdout.text, /\[::\]/)
  await serveMirror(t, { files: { a: 'a' }, ...port })
  const { torrent } = await plantFile(t)
  await startSeed(t, [torrent, '--host', '::'])
})

test('both families are named in any order', async (t) => {
  for (const first of ['0.0.0.0', '::']) {
    const args = ['--host', first, '--host', first === '::' ? '0.0.0.0' : '::']
    assert.match((await startTrack(t, { args })).stdout.text, /udp:/)
    await serveMirror(t, { files: { a: 'a' }, args })
  }
})
