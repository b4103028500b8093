import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { UserTurns } from '../../../../src/tracker/admin/access/turns.js'

test('the requests of a user are answered one after the other, also after a failure', async () => {
  const turns = new UserTurns()
  let [running, most] = [0, 0]
  const act = async (i: number) => {
    most = Math.max(most, ++running)
    await setImmediate()
    running--
    if (i === 1) throw new Error('broken')
    return i
  }
  const all = await Promise.allSettled([0, 1, 2].map((i) => turns.run('bob', () => act(i))))
  assert.deepEqual(
    all.map((each) => (each.status === 'fulfilled' ? each.value : 'failed')),
    [0, 'failed', 2],
  )
  assert.equal(most, 1)
})

test('a user with very many requests at once is refused, and others are answered', async () => {
  const turns = new UserTurns()
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const waiting = Array.from({ length: 30 }, () => turns.run('bob', () => opened))
  await assert.rejects(
    turns.run('bob', () => opened),
    { code: 'busy', message: 'you have sent too many requests; try again in a moment' },
  )
  assert.equal(await turns.run('alice', () => Promise.resolve('page')), 'page')
  open()
  await Promise.all(waiting)
  assert.equal(await turns.run('bob', () => Promise.resolve('page')), 'page')
})
