import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { collect, startExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const unlessProc = { skip: !existsSync('/proc/self') && 'no /proc here' }

test('a cache directory below /proc is done without, and ends nothing', unlessProc, async (t) => {
  const cwd = makeScratch(t, { a: 'content' })
  const args = ['makemetafile', 'a', 'http://t.example/announce', '--cache-dir', '/proc/x/y']
  const child = startExecutable('btkit', args, { cwd })
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const { status, signal, stderr } = await collect(child)
  clearTimeout(tooLong)
  assert.deepEqual([status, signal], [0, null])
  const why = 'not used: no such file or directory'
  assert.equal(stderr, `btkit: warning: cache /proc/x/y: ${why}\n`)
})
