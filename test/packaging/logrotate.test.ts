import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startExecutable } from '../support/executable.js'
import { projectRoot, runProgram } from '../support/programs.js'
import { findPeer } from '../support/peers.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'

// Debian has it where only root looks
const LOGROTATE = findPeer('logrotate') ?? '/usr/sbin/logrotate'
const skip = existsSync(LOGROTATE) ? false : 'logrotate is not installed'

/** Signals one process, as the real one does the units'. */
const SYSTEMCTL = `#!/bin/sh
for each; do
  case $each in --signal=*) kill -s "\${each#*=}" "$PID" ;; esac
done
`

test('after a rotation as packaged, a service has a new log at once', { skip }, async (t) => {
  const scratch = makeScratch(t, { 'root/a.txt': 'a', 'bin/systemctl': SYSTEMCTL })
  chmodSync(join(scratch, 'bin/systemctl'), 0o755)
  const log = join(scratch, 'serve.log')
  const args = ['serve', join(scratch, 'root'), '--port', '0', '--trackerless', '--log-file', log]
  const service = startExecutable('btkit', args)
  t.after(() => service.kill())
  let said = ''
  service.stdout.on('data', (text) => (said += String(text)))
  await until('the service answers', () => /address: .*\n/.test(said))
  const address = /address: +(\S+)/.exec(said)?.[1] ?? ''
  assert.equal(await (await fetch(`${address}/a.txt`)).text(), 'a')
  await until('the request is logged', () => readFileSync(log, 'utf8').includes('/a.txt'))
  const packaged = readFileSync(join(projectRoot, 'packaging/debian/logrotate'), 'utf8')
  const here = packaged.replace('/var/log/btkit/*.log', log).replace(/^\tsu .*\n/m, '')
  writeFileSync(join(scratch, 'rules'), here, { mode: 0o644 })
  const { status, stderr } = await runProgram(
    LOGROTATE,
    ['--force', '--state', join(scratch, 'state'), join(scratch, 'rules')],
    {
      env: {
        PATH: `${join(scratch, 'bin')}:/usr/bin:/bin`,
        PID: String(service.pid),
      },
    },
  )
  assert.deepEqual([status, stderr], [0, ''])
  await until('the log is opened again', () => existsSync(log))
  assert.equal(readFileSync(log, 'utf8'), '')
  assert.match(readFileSync(`${log}.1`, 'utf8'), /\/a\.txt/)
})
