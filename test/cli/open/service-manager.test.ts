import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sendByProgram, serviceManager } from '../../../src/cli/open/service-manager.js'
import { unlessWindows } from '../../disk/failure.js'
import { listenForNotices, unlessNotices } from '../../support/notices.js'
import { unlessInstalled } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'
import { longTest } from '../../support/long.js'

function managed(env: Readonly<Record<string, string>>) {
  const warnings: string[] = []
  const manager = serviceManager(env, (message) => warnings.push(message))
  return { manager, warnings }
}

test('a failed reload is reported as ended, too', unlessNotices, async (t) => {
  const address = join(makeScratch(t), 'notify')
  const notices = await listenForNotices(t, address)
  const { manager } = managed({ NOTIFY_SOCKET: address })
  await assert.rejects(manager.reload(() => Promise.reject(new Error('no'))))
  assert.equal((await notices.next())[0], 'RELOADING=1')
  assert.deepEqual(await notices.next(), ['READY=1'])
})

test('the socket may be an abstract one', unlessNotices, async (t) => {
  const address = `@btkit-test-${process.pid}`
  const notices = await listenForNotices(t, address)
  managed({ NOTIFY_SOCKET: address }).manager.stopping()
  assert.equal((await notices.next())[0], 'STOPPING=1')
})

longTest(
  'the watchdog is notified regularly that the process is alive',
  unlessNotices,
  async (t) => {
    const address = join(makeScratch(t), 'notify')
    const notices = await listenForNotices(t, address)
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000', WATCHDOG_PID: `${process.pid}` }
    const { manager } = managed(env)
    // The pings alone do not keep the process alive
    const alive = setInterval(() => undefined, 1000)
    t.after(() => {
      clearInterval(alive)
      manager.stopping()
    })
    manager.ready('')
    assert.equal((await notices.next())[0], 'READY=1')
    for (let n = 0; n < 3; n++) assert.deepEqual(await notices.next(), ['WATCHDOG=1'])
  },
)

longTest('a watchdog of another process is not notified', unlessNotices, async (t) => {
  const address = join(makeScratch(t), 'notify')
  const notices = await listenForNotices(t, address)
  const { manager } = managed({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '2', WATCHDOG_PID: '1' })
  manager.ready('')
  manager.stopping()
  assert.equal((await notices.next())[0], 'READY=1')
  assert.equal((await notices.next())[0], 'STOPPING=1')
})

test(
  'if the manager is gone, one warning is printed and the service continues',
  unlessNotices,
  (t) => {
    const address = join(makeScratch(t), 'gone')
    const { manager, warnings } = managed({ NOTIFY_SOCKET: address })
    manager.ready('')
    manager.stopping()
    const told = `cannot notify the service manager at ${address}: ENOENT`
    assert.deepEqual(warnings, [told])
  },
)

test('a socket address that is not a path here is ignored', () => {
  const { manager, warnings } = managed({ NOTIFY_SOCKET: 'vsock:2:1234' })
  manager.ready('')
  assert.deepEqual(warnings, [])
})

longTest(
  'without the native part systemd-notify tells',
  { skip: unlessInstalled('systemd-notify').skip || unlessInstalled('python3').skip },
  async (t) => {
    const address = join(makeScratch(t), 'notify')
    const notices = await listenForNotices(t, address)
    const send = sendByProgram(address, () => undefined)
    send('READY=1\nSTATUS=serving')
    const lines = await notices.next()
    assert.ok(lines.includes('READY=1') && lines.includes('STATUS=serving'), lines.join())
  },
)

for (const [what, script, told] of [
  ['fails', '#!/bin/sh\nexit 3\n', 'systemd-notify failed with status 3'],
  ['is not there', null, 'needs the native addon of btkit or systemd-notify'],
] as const) {
  test(`if systemd-notify ${what}, that is reported`, { skip: unlessWindows.skip }, async (t) => {
    const directory = makeScratch(t)
    const program = join(directory, 'systemd-notify')
    if (script !== null) writeFileSync(program, script, { mode: 0o755 })
    const usual = process.env['PATH']
    t.after(() => (process.env['PATH'] = usual))
    process.env['PATH'] = directory
    const warnings: string[] = []
    sendByProgram(join(directory, 'notify'), (why) => warnings.push(why))('READY=1')
    assert.equal(await until('it is reported', () => warnings[0]), told)
  })
}
