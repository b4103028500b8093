import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedOutput } from '../../../src/cli/output/bounded-output.js'

test('lines that a slow reader lost are counted where they were, each time', () => {
  const written: string[] = []
  const output = { writableLength: 0, write: (lines: string) => written.push(lines) }
  const bounded = new BoundedOutput(output)
  for (const lost of [2, 1]) {
    output.writableLength = 2 ** 20 + 1
    bounded.write('lost\n'.repeat(lost))
    output.writableLength = 2 ** 20
    for (const line of ['next\n', 'last\n']) bounded.write(line)
  }
  const [two, one] = ['2 lines', '1 line'].map(
    (gap) => `btkit: warning: ${gap} dropped here, because the reader was too slow\n`,
  )
  const rest = ['next\n', 'last\n']
  assert.deepEqual([written, bounded.dropped], [[two, ...rest, one, ...rest], 3])
})
