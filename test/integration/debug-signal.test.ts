import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startCollecting, startExecutable } from '../support/executable.js'
import { collect, whenReading } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'
import { openFiles, unlessProc } from '../support/when-open.js'

/** The inodes of the TCP sockets that a process listens on. */
function listeningSockets(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)
  const fields = lines.map((line) => line.trim().split(/\s+/))
  const listening = fields.filter((field) => field[3] === '0A').map((field) => field[9])
  return openFiles(pid).filter((link) => listening.some((inode) => link === `socket:[${inode}]`))
}

/** A command that waits for its input, with what it takes to end it. */
function startWaiting(name = 'btkit', args = ['showmetainfo', '-']) {
  const child = startExecutable(name, args)
  return { child, pid: child.pid!, ended: collect(child) }
}

test('SIGUSR1 opens no debugger of a command that waits', unlessProc, async (t) => {
  const { child, pid, ended } = startWaiting()
  t.after(() => child.kill('SIGKILL'))
  await whenReading(child)
  for (let i = 0; i < 3; i++) {
    child.kill('SIGUSR1')
    await setTimeout(50)
  }
  assert.deepEqual(listeningSockets(pid), [])
  child.stdin.end()
  const { status, stderr } = await ended
  assert.equal(status, 1)
  assert.doesNotMatch(stderr, /debugger|inspector/i)
})

test('a debugger that was asked for stays open', unlessProc, async (t) => {
  const env = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }
  const child = startExecutable('btkit', ['showmetainfo', '-'], { env, t })
  await whenReading(child)
  assert.equal(listeningSockets(child.pid!).length, 1)
})

test('SIGUSR1 opens no debugger of the service', unlessProc, async (t) => {
  const args = [
    'serve',
    makeScratch(t),
    '--port',
    '0',
    '--trackerless',
    '--cache-dir',
    makeScratch(t),
  ]
  const { child, ended } = startCollecting('btkit', args, { t })
  await once(child.stdout, 'data')
  child.kill('SIGUSR1')
  await setTimeout(100)
  // Its own port, and no other
  assert.equal(listeningSockets(child.pid!).length, 1)
  child.kill('SIGTERM')
  const { status, stderr } = await ended
  assert.deepEqual([status, stderr], [0, ''])
})
