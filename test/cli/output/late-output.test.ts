import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Output } from '../../../src/cli/io.js'
import { LateOutput } from '../../../src/cli/output/late-output.js'

function observe() {
  const written: (string | Uint8Array)[] = []
  const stream = { writableLength: 7, errored: null as Error | null }
  const opened: Output[] = []
  const output = new LateOutput(() => {
    const real = Object.assign(stream, {
      write: (chunk: string | Uint8Array) => written.push(chunk),
    })
    opened.push(real)
    return real
  })
  return { output, written, stream, opened }
}

test('a pipe that nothing is written to is never opened', () => {
  const { output, opened } = observe()
  assert.deepEqual([output.writableLength, output.errored], [0, null])
  assert.equal(opened.length, 0)
})

test('a pipe is opened once, and takes all that is written', () => {
  const { output, written, opened } = observe()
  output.write('a')
  output.write('b')
  assert.deepEqual(written, ['a', 'b'])
  assert.equal(opened.length, 1)
})

test('an opened pipe tells how much its reader has not taken, and why it failed', () => {
  const { output, stream } = observe()
  output.write('a')
  stream.errored = new Error('broken')
  assert.equal(output.writableLength, 7)
  assert.equal(output.errored, stream.errored)
})
