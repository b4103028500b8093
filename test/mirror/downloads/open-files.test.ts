import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenFiles } from '../../../src/mirror/downloads/routes.js'

/** Returns a function that opens files of a client, and the clients whose files were closed. */
function openAt(most: number) {
  const clock = { now: 0 }
  const files = new OpenFiles(most, () => clock.now)
  const closed: string[] = []
  const open = (client: string, count: number) => {
    return Array.from({ length: count }, () => {
      return files.enter(client, { readAt: clock.now, close: () => closed.push(client) })
    })
  }
  return { clock, closed, open }
}

test('when all files are taken, the client with most makes room', () => {
  const { closed, open } = openAt(20)
  open('few', 4)
  open('many', 16)
  open('other', 3)
  assert.deepEqual(closed, ['many', 'many', 'many'])
})

test('clients with few files keep them unless one stands still for a minute', () => {
  const { clock, closed, open } = openAt(8)
  const [first] = open('a', 4)
  open('b', 4)
  assert.throws(() => open('c', 1), { code: 'busy' })
  clock.now = 60_001
  open('c', 1)
  assert.deepEqual(closed, ['a'])
  // Its connection closes now
  first?.()
  assert.deepEqual(open('d', 1).length, 1)
})
