import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collect, startExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../support/track.js'

test('a tracker that is held up for a while saves its state at SIGTERM', async (t) => {
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
  const ended = collect(child)
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 60_000)
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
  clearTimeout(tooLong)
  assert.deepEqual({ status, signal }, { status: 0, signal: null })
  assert.ok(statSync(state).mtimeMs > savedBefore)
  const next = await startTrack(t, { stateFile: state })
  const answer = await next.ask(announceQuery('ab'.repeat(20), { peer: 'b', left: 1 }))
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:1111'])
})
