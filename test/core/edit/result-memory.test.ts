import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResultMemory } from '../../../src/core/edit/result-memory.js'

const MIB = 1024 * 1024

/** Keeps bytes of one kind. */
function keep(memory: ResultMemory, length: number, filler: number): Uint8Array {
  return memory.keep(memory.offer(length).fill(filler))
}

test('what is kept stays as it is while others are offered, kept and let go', () => {
  const memory = new ResultMemory()
  const kept = new Map<number, Uint8Array>()
  const check = (filler: number) => {
    const bytes = kept.get(filler) ?? Buffer.alloc(0)
    assert.ok(Buffer.alloc(bytes.length, filler).equals(bytes), `${filler}`)
  }
  for (let i = 1; i <= 200; i++) {
    kept.set(i, keep(memory, 100_000 + i, i))
    memory.offer(50_000).fill(255)
    const old = i - 60
    const gone = kept.get(old)
    if (gone === undefined || i % 7 === 0) continue
    check(old)
    memory.letGo(gone)
    kept.delete(old)
  }
  for (const filler of kept.keys()) check(filler)
})

test('memory of what was let go serves again, however much passes through', () => {
  const memory = new ResultMemory()
  const buffers = new Set<ArrayBufferLike>()
  const waiting: Uint8Array[] = []
  for (let i = 0; i < 1000; i++) {
    const bytes = keep(memory, 100_000, i)
    buffers.add(bytes.buffer)
    waiting.push(bytes)
    if (waiting.length > 50) memory.letGo(waiting.shift()!)
  }
  assert.ok(buffers.size <= 3, `${buffers.size} pieces of memory`)
})

test('an offer that is not kept is taken by the next', () => {
  const memory = new ResultMemory()
  const first = memory.offer(10)
  assert.equal(memory.offer(20).byteOffset, first.byteOffset)
})

test('bytes that stand elsewhere are kept as a copy', () => {
  const memory = new ResultMemory()
  const lent = Buffer.from('lent')
  memory.offer(10)
  const kept = memory.keep(lent)
  lent.fill('x')
  assert.equal(Buffer.from(kept).toString(), 'lent')
  memory.letGo(kept)
})

test('a result of any size is kept', () => {
  const memory = new ResultMemory()
  const large = keep(memory, 9 * MIB, 1)
  const small = keep(memory, 5, 2)
  assert.ok(Buffer.alloc(9 * MIB, 1).equals(large))
  assert.deepEqual([...small], [2, 2, 2, 2, 2])
  for (const bytes of [large, small]) memory.letGo(bytes)
})
