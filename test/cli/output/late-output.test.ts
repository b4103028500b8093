import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Output } from '../../../src/cli/io.js'
import { LateOutput, pipeWriter } from '../../../src/cli/output/late-output.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

/** A pipe that takes so many bytes at once, and then nothing. */
function observe(room: number) {
  const direct: Uint8Array[] = []
  const written: (string | Uint8Array)[] = []
  const stream = { writableLength: 7, errored: null as Error | null }
  let opened = 0
  const open = (): Output => {
    opened += 1
    return Object.assign(stream, { write: (chunk: string | Uint8Array) => written.push(chunk) })
  }
  const tryWrite = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, room)
    room -= taken.length
    direct.push(taken)
    return taken.length
  }
  const text = (chunks: readonly (string | Uint8Array)[]) =>
    chunks.map((chunk) => Buffer.from(chunk).toString()).join('')
  return {
    output: new LateOutput(open, tryWrite),
    ends: () => ({ direct: text(direct), stream: text(written), opened }),
    stream,
  }
}

test('a pipe that nothing is written to is never opened', () => {
  const { output, ends } = observe(0)
  assert.deepEqual([output.writableLength, output.errored], [0, null])
  assert.equal(ends().opened, 0)
})

test('output that a pipe accepts at once needs no stream', () => {
  const { output, ends } = observe(100)
  output.write('some ')
  output.write(Buffer.from('words'))
  assert.deepEqual(ends(), { direct: 'some words', stream: '', opened: 0 })
})

test('output that a pipe does not accept goes to a stream, and later output, too', () => {
  const { output, ends } = observe(5)
  output.write('abc')
  output.write('defgh')
  output.write('i')
  assert.deepEqual(ends(), { direct: 'abcde', stream: 'fghi', opened: 1 })
})

test('an opened stream reports its unread bytes and its error', () => {
  const { output, stream } = observe(0)
  output.write('a')
  stream.errored = new Error('broken')
  assert.equal(output.writableLength, 7)
  assert.equal(output.errored, stream.errored)
})

const unlessLinux = { skip: process.platform !== 'linux' && 'no /proc here' }

/** A pipe with the process's descriptors of both ends. */
function openPipe(t: TestContext) {
  const path = join(makeScratch(t, {}), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  t.after(() => {
    closeSync(reader)
    closeSync(writer)
  })
  return { reader, writer }
}

test('a pipe whose reader sleeps is filled without waiting', unlessLinux, (t) => {
  const { reader, writer } = openPipe(t)
  const write = pipeWriter(writer)
  const sent: Buffer[] = []
  for (let n = 0; ; n++) {
    const bytes = pseudoRandom(10_000, n)
    const taken = write(bytes)
    sent.push(bytes.subarray(0, taken))
    if (taken < bytes.length) break
  }
  const wanted = Buffer.concat(sent)
  assert.ok(wanted.length > 0)
  assert.equal(write(Buffer.from('x')), 0)
  const got = Buffer.alloc(wanted.length)
  for (let at = 0; at < got.length;) at += readSync(reader, got, at, got.length - at, null)
  assert.deepEqual(got, wanted)
})

test('only pipes are written to directly', () => {
  assert.equal(pipeWriter(2 ** 20)(Buffer.from('x')), 0)
})
