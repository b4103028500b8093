import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remembering } from '../../src/base/remember.js'

test('very many and very long texts are not kept, and are answered', () => {
  const asked: string[] = []
  const answer = remembering((text) => {
    asked.push(text)
    return text.length
  })
  const texts = Array.from({ length: 10_000 }, (_, i) => `${i}`)
  for (const text of [...texts, '0']) assert.equal(answer(text), text.length)
  assert.equal(asked.length, texts.length + 1)
  const long = 'x'.repeat(100_000)
  for (let i = 0; i < 2; i++) assert.equal(answer(long), long.length)
  assert.equal(asked.filter((text) => text === long).length, 2)
})
