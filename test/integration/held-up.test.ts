import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, readdirSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CACHE_FILE } from '../../src/disk/cache/open.js'
import { startExecutable, runExecutable } from '../support/executable.js'
import { collect } from '../support/programs.js'
import { longTest } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../support/track.js'
import { giveAway, makeOpenScratch, unlessTwoUsers } from '../support/unprivileged.js'

longTest('a tracker that is held up for a while saves its state at SIGTERM', async (t) => {
  const directory = makeScratch(t, {
    'held-up.cjs': `process.on('SIGUSR2', () => {
      process.stdout.write('held up\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7000)
    })`,
  })
  const state = join(directory, 'state')
  const args = ['track', '--open', '--port', '0', '--host', '127.0.0.1', '--state', state]
  const env = { NODE_OPTIONS: `--require=${join(directory, 'held-up.cjs')}` }
  const child = startExecutable('btkit', args, { env })
  const ended = collect(child, 60_000)
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  assert.match(first.toString(), /6969|http|track/)
  const [, address = ''] = /(http:\S+)\/announce/.exec(first.toString()) ?? []
  const announced = await fetch(address + announceQuery('ab'.repeat(20), { port: 1111 }))
  assert.equal(announced.status, 200)
  const held = once(child.stdout, 'data')
  child.kill('SIGUSR2')
  await held
  const savedBefore = statSync(state).mtimeMs
  child.kill('SIGTERM')
  const { status, signal } = await ended
  assert.deepEqual({ status, signal }, { status: 0, signal: null })
  assert.ok(statSync(state).mtimeMs > savedBefore)
  const next = await startTrack(t, { stateFile: state })
  const answer = await next.ask(announceQuery('ab'.repeat(20), { peer: 'b', left: 1 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:1111'])
})

/** Keeps a file locked until it is killed. */
const HOLD = `
const { DatabaseSync } = require('@photostructure/sqlite')
const database = new DatabaseSync(process.argv[1], { timeout: 60_000 })
database.exec('begin immediate')
require('node:fs').writeSync(1, 'locked')
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)`

test('serve ends by itself at SIGTERM while another process keeps its cache locked', async (t) => {
  const root = makeScratch(t, { a: 'a'.repeat(30_000), b: 'b'.repeat(30_000) })
  const cache = makeScratch(t)
  const args = ['serve', root, '--trackerless', '--port', '0', '--cache-dir', cache, '--log', 'off']
  const child = startExecutable('btkit', args)
  const ended = collect(child, 60_000)
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  const [address = ''] = /http:\/\/127\S+/.exec(first.toString()) ?? []
  assert.equal((await fetch(`${address}/a.torrent`)).status, 200)
  const holder = spawn(process.execPath, ['--eval', HOLD, join(cache, CACHE_FILE)])
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  assert.equal((await fetch(`${address}/b.torrent`)).status, 200)
  child.kill('SIGTERM')
  const { status, signal } = await ended
  assert.deepEqual({ status, signal }, { status: 0, signal: null })
  assert.equal(holder.exitCode, null)
})

/** A user that no passwd entry names, as in a container. */
const STRANGER = { uid: 54_321, gid: 54_321 }
const NOWHERE = { BTKIT_CACHE_DIR: '', BTKIT_STATE_DIR: '' }
const NO_CACHE =
  'btkit: warning: no home directory for the cache, so none is used; set --cache-dir or HOME\n'

const run = (args: readonly string[]) => runExecutable('btkit', args, { ...STRANGER, env: NOWHERE })

longTest(
  'without a home directory makemetafile works without a cache',
  unlessTwoUsers,
  async (t) => {
    const root = makeOpenScratch(t, { a: 'a' })
    const args = ['makemetafile', join(root, 'a'), 'http://t.example/announce']
    for (const [options, warning] of [
      [[], NO_CACHE],
      [['--no-cache'], ''],
    ] as const) {
      const { status, stderr } = await run([...args, ...options])
      assert.deepEqual([status, stderr], [0, warning])
    }
    const { status, stderr } = await run(['verify', join(root, 'a.torrent')])
    assert.deepEqual([status, stderr.replace(NO_CACHE, '')], [0, ''])
  },
)

test('completedir asks for a place for its state', unlessTwoUsers, async (t) => {
  const root = makeOpenScratch(t, { 'd/a': 'a' })
  giveAway(join(root, 'd'))
  const args = ['completedir', join(root, 'd'), '--trackerless', '--output', root]
  const { status, stderr } = await run(args)
  const said = 'btkit: no home directory for the state; set --state-dir or HOME\n'
  assert.deepEqual([status, stderr], [2, `${NO_CACHE}${said}`])
  const state = ['--state-dir', join(root, 'state'), '--quiet']
  assert.deepEqual((await run([...args, ...state])).status, 0)
  assert.ok(readdirSync(root).includes('a.torrent'))
})

const unlessProc = { skip: !existsSync('/proc/self') && 'no /proc here' }

test('a cache directory below /proc is done without, and ends nothing', unlessProc, async (t) => {
  const cwd = makeScratch(t, { a: 'content' })
  const args = ['makemetafile', 'a', 'http://t.example/announce', '--cache-dir', '/proc/x/y']
  const child = startExecutable('btkit', args, { cwd })
  const { status, signal, stderr } = await collect(child, 30_000)
  assert.deepEqual([status, signal], [0, null])
  const why = 'not used: no such file or directory'
  assert.equal(stderr, `btkit: warning: cache /proc/x/y: ${why}\n`)
})
