import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { changeUsers, parseUsers, readUsers } from '../../../../src/tracker/admin/access/users.js'
import { userLine } from '../../../support/admin.js'
import { makeScratch } from '../../../support/scratch.js'

test('of several changes at once none is lost', async (t) => {
  const path = join(makeScratch(t), 'users')
  const names = Array.from({ length: 20 }, (_, at) => `user${at}`)
  await Promise.all(
    names.map((name) =>
      changeUsers(path, (users) => {
        for (const user of parseUsers(userLine(name, 'x', 'admin')).users.values())
          users.set(name, user)
      }),
    ),
  )
  assert.deepEqual([...(await readUsers(path)).keys()].sort(), names.sort())
  assert.match(readFileSync(path, 'utf8'), /^# Users/)
})

test('comments, empty lines and the order of a file are kept', async (t) => {
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => userLine(name, 'x', 'admin'))
  const path = join(
    makeScratch(t, { users: `# ours\n${alice}\n # of the night\n${bob}#end` }),
    'users',
  )
  const change = async (change: Parameters<typeof changeUsers>[1]) => {
    await changeUsers(path, change)
    return readFileSync(path, 'utf8')
  }
  const [user] = [...parseUsers(carol!).users.values()]
  const added = await change((users) => users.set('carol', user!))
  assert.equal(added, `# ours\n${alice}\n # of the night\n${bob}#end\n${carol}`)
  const changed = await change((users) =>
    users.set('alice', { ...user!, name: 'alice', id: 'alice' }),
  )
  assert.equal(changed, added.replace(alice!, carol!.replace('carol', 'alice')))
  const removed = await change((users) => users.delete('bob'))
  assert.equal(removed, changed.replace(bob!, ''))
})

test('lines that are no users, ask for much memory or repeat a name are wrong', () => {
  const good = userLine('alice', 'x', 'admin')
  const bad = [
    good,
    'alice',
    'bob:root:x',
    good.replace('alice', '../etc'),
    good.replace('alice', 'bob').replace('$1024$', '$99999999$'),
    good.replace('alice', 'bob').replace('$1024$', '$1000$'),
    good.replace('alice', 'bob').replace('$8$1$', '$0$1$'),
    good.replace('alice', 'bob').trim() + ':more',
  ]
  const { users, badLines } = parseUsers(
    ['# comment', '', good.trim(), ...bad.map((line) => line.trim())].join('\n'),
  )
  assert.deepEqual([...users.keys()], ['alice'])
  assert.deepEqual(
    badLines,
    bad.map((_, at) => at + 4),
  )
})
