import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { collect, startExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

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
    const directory = makeScratch(t)
    // Whoever opens it waits until somebody writes to it
    execFileSync('mkfifo', [join(directory, 'pipe')])
    const child = startExecutable('btkit', ['showmetainfo', join(directory, 'pipe')])
    const ended = collect(child)
    await once(child.stdout, 'data')
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 30_000)
    for (const signal of signals) child.kill(signal)
    assert.equal((await ended).signal, end)
    clearTimeout(tooLong)
  })
}
