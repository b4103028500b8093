import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { collect, startExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'
import { announceQuery, compactPeers, startTrack } from '../support/track.js'

const unlessGuarded = { skip: !isGuarded() && 'needs the native addon' }

function isGuarded(): boolean {
  try {
    const addon = createRequire(import.meta.url)('#piece-hash') as Record<string, unknown>
    return 'guardSignals' in addon
  } catch {
    return false
  }
}

for (const [what, signals, end] of [
  ['a second SIGINT', ['SIGINT', 'SIGINT'], 'SIGINT'],
  ['a SIGTERM that nobody sees', ['SIGTERM'], 'SIGTERM'],
] as const) {
  test(`${what} ends a program that waits for a pipe`, unlessGuarded, async (t) => {
    const directory = makeScratch(t, { first: torrentOf(singleFileInfo()) })
    // Whoever opens it waits until somebody writes to it
    execFileSync('mkfifo', [join(directory, 'pipe')])
    const child = startExecutable('btkit', [
      'showmetainfo',
      join(directory, 'first'),
      join(directory, 'pipe'),
    ])
    const ended = collect(child)
    await once(child.stdout, 'data')
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 30_000)
    for (const signal of signals) child.kill(signal)
    assert.equal((await ended).signal, end)
    clearTimeout(tooLong)
  })
}

test(
  'a tracker that is held up for a while saves its state at SIGTERM',
  unlessGuarded,
  async (t) => {
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
  },
)
