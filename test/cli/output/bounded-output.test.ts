import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedOutput } from '../../../src/cli/output/bounded-output.js'
import { Captured } from '../../support/run-btkit.js'

const MIB = 2 ** 20

/** A pipe whose reader reads nothing until the test lets it. */
class Pipe extends Captured {
  writableLength = 0

  override write(chunk: string | Uint8Array): void {
    super.write(chunk)
    this.writableLength += chunk.length
  }
}

test('output that is read at once is passed on unchanged', () => {
  const stream = new Captured()
  const output = new BoundedOutput(stream)
  output.write('a\n')
  output.write(Buffer.from('b\n'))
  assert.equal(stream.text, 'a\nb\n')
  assert.equal(output.dropped, 0)
})

test('output that nobody reads is dropped, counted and reported', () => {
  const pipe = new Pipe()
  const output = new BoundedOutput(pipe)
  const line = `${'x'.repeat(9_999)}\n`
  for (let i = 0; i < 1000; i++) output.write(line)
  assert.ok(pipe.writableLength < 2 * MIB, String(pipe.writableLength))
  const passed = pipe.text.length / line.length
  assert.equal(output.dropped, 1000 - passed)
  output.write('one\ntwo\n')
  assert.equal(output.dropped, 1000 - passed + 2)
  pipe.writableLength = 0
  output.write('three\n')
  const tail = pipe.text.slice(passed * line.length)
  const told = 1000 - passed + 2
  assert.equal(
    tail,
    `btkit: warning: ${told} lines dropped here, because the reader was too slow\nthree\n`,
  )
  output.write('four\n')
  assert.ok(pipe.text.endsWith('three\nfour\n'))
  assert.equal(output.dropped, told)
})
