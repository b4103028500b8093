import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalesce } from '../../../src/files/write/many.js'

/** Work that waits to be let go, and a record of what was begun. */
function makeWork() {
  const begun: string[] = []
  const ends: ((error?: Error) => void)[] = []
  const act = (key: string): Promise<void> => {
    begun.push(key)
    return new Promise((resolve, reject) => {
      ends.push((error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }
  return { begun, ends, call: coalesce(act) }
}

test('calls during a run share the next one', async () => {
  const { begun, ends, call } = makeWork()
  const first = call('a')
  const others = Promise.all([call('a'), call('a'), call('a')])
  assert.deepEqual(begun, ['a'])
  ends[0]?.()
  await first
  await Promise.resolve()
  assert.deepEqual(begun, ['a', 'a'])
  ends[1]?.()
  await others
  const later = call('a')
  ends[2]?.()
  await later
  assert.deepEqual(begun, ['a', 'a', 'a'])
})

test('other keys do not wait', async () => {
  const { begun, ends, call } = makeWork()
  const both = [call('a'), call('b')]
  assert.deepEqual(begun, ['a', 'b'])
  for (const end of ends) end()
  await Promise.all(both)
})

test('a run that fails fails for those who share it, and for them alone', async () => {
  const { ends, call } = makeWork()
  const first = assert.rejects(call('a'), /broken/)
  const second = call('a')
  ends[0]?.(new Error('broken'))
  await first
  await Promise.resolve()
  ends[1]?.()
  await second
})
