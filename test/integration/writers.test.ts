import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { nativeLstat } from '../../src/disk/look/stat-files.js'
import { letFilesSettle } from '../support/aged.js'
import { executable, startCollecting, startExecutable } from '../support/executable.js'
import { collect, runProgram } from '../support/programs.js'
import { makeGate, unlessGate } from '../support/gate.js'
import { makeScratch } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

const onLinux = { skip: unlessGate.skip || (process.platform !== 'linux' && 'needs leases') }

/** Whether a process ignores a signal. */
function ignores(pid: number | string, signal: number): boolean {
  const [, mask = ''] = /^SigIgn:\s+(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n
}

/** A program that waits for a file which is being read must not end the process that reads it. */
test(
  'the program ignores the signal of leases, and another process does not',
  onLinux,
  async (t) => {
    const directory = makeScratch(t, { a: 'a' })
    const gate = makeGate(t)
    const args = ['makemetafile', join(directory, 'a'), TRACKER]
    const { child, ended } = startCollecting('btkit', args, { env: gate.env })
    await gate.reached()
    assert.equal(ignores(child.pid ?? 0, constants.signals.SIGIO), true)
    gate.open()
    assert.equal((await ended).status, 0)
    assert.equal(ignores('self', constants.signals.SIGIO), false)
  },
)

test('a writer that comes when the files have been looked at is noticed', onLinux, async (t) => {
  const root = makeScratch(t, { 'in/d/a': 'a'.repeat(1000), 'in/d/b': 'b'.repeat(300_000) })
  await letFilesSettle()
  const places = ['--output', root, '--state-dir', join(root, 'state'), '--no-cache']
  for (const name of ['a', 'b']) {
    const path = join(root, 'in', 'd', name)
    const gate = makeGate(t)
    const args = ['completedir', join(root, 'in'), TRACKER, ...places]
    const ended = collect(startExecutable('btkit', args, { env: gate.env }))
    await gate.reached()
    const writer = openSync(path, 'r+')
    gate.open()
    const { status, stdout, stderr } = await ended
    closeSync(writer)
    assert.equal(status, 1)
    assert.ok((stdout + stderr).includes(`${path}: a program has it open for writing`), stdout)
  }
})

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

/** Returns the number of system calls by name of a program that makes a torrent of small files. */
async function countCalls(t: TestContext, files: number): Promise<Map<string, number>> {
  const names = Array.from({ length: files }, (_, i) => `in/${String(i).padStart(5, '0')}`)
  const directory = makeScratch(t, Object.fromEntries(names.map((name) => [name, 'x'.repeat(512)])))
  const trace = join(directory, 'trace')
  const calls = [
    'open',
    'openat',
    'close',
    'fcntl',
    'read',
    'pread64',
    'preadv2',
    '%stat',
    '%fstat',
  ]
  const strace = ['-f', '-o', trace, '-e', `trace=${calls.join(',')}`]
  const make = [executable('btkit'), 'makemetafile', join(directory, 'in'), TRACKER, '--no-cache']
  const { status, stderr } = await runProgram('strace', [...strace, process.execPath, ...make])
  assert.equal(status, 0, stderr)
  const counts = new Map<string, number>()
  for (const [, name = ''] of readFileSync(trace, 'utf8').matchAll(/^\d+ +(\w+)\(/gm))
    counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

const unlessStrace = {
  skip: (!hasStrace && 'needs strace') || (nativeLstat === null && 'needs the native addon'),
}

test('a small file costs six system calls', unlessStrace, async (t) => {
  const [few, many] = [await countCalls(t, 1000), await countCalls(t, 3000)]
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0)
  const each = (sum(many) - sum(few)) / 2000
  assert.ok(each > 5.9 && each < 6.1, `${each} calls: ${JSON.stringify([...few, ...many])}`)
})
