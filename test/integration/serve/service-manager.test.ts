import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCollecting } from '../../support/executable.js'
import { listenForNotices, unlessNotices } from '../../support/notices.js'
import { makeScratch } from '../../support/scratch.js'
import { TRACKER } from '../../support/torrents.js'

for (const [command, args] of [
  [
    'serve',
    [makeScratch({ after: (act) => void process.once('exit', act) }), '--tracker', TRACKER],
  ],
  ['track', ['--open']],
] as const) {
  test(`${command} tells systemd when it answers, reloads and ends`, unlessNotices, async (t) => {
    const directory = makeScratch(t)
    const notify = join(directory, 'notify')
    const notices = await listenForNotices(t, notify)
    const env = { NOTIFY_SOCKET: notify, BTKIT_CACHE_DIR: directory, BTKIT_STATE_DIR: directory }
    const place = ['--port', '0', '--host', '127.0.0.1']
    const { child, ended } = startCollecting('btkit', [command, ...args, ...place], { env, t })
    const [ready, status = ''] = await notices.next()
    assert.equal(ready, 'READY=1')
    const [, address = ''] = /at (http:\/\/127\.0\.0\.1:\d+)/.exec(status) ?? []
    assert.equal((await fetch(`${address}/-/health`)).status, 200)
    for (let time = 0; time < 2; time++) {
      child.kill('SIGHUP')
      assert.equal((await notices.next())[0], 'RELOADING=1')
      assert.deepEqual(await notices.next(), ['READY=1'])
    }
    child.kill('SIGTERM')
    assert.equal((await notices.next())[0], 'STOPPING=1')
    const { status: exit, stderr } = await ended
    assert.deepEqual([exit, stderr.replace(/^.*GET .*\n/gm, '')], [0, ''])
  })
}
