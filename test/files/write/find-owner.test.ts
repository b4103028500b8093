import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { test } from 'node:test'
import { findOwner } from '../../../src/files/write/permissions.js'
import { failure, unlessWindows } from '../failure.js'

test('numbers stand for themselves', () => {
  assert.deepEqual(findOwner('0:4294967294'), { uid: 0, gid: 4294967294 })
})

test('names are looked up', unlessWindows, () => {
  const { uid } = userInfo()
  assert.deepEqual(findOwner('root:7'), { uid: 0, gid: 7 })
  assert.deepEqual(findOwner(`${uid}:root`).gid, 0)
})

for (const text of ['', 'root', ':', 'root:', ':root', 'a:b:c', 'a b:c', 'root:root\n']) {
  test(`'${text.replace('\n', '\\n')}' is no owner`, () => {
    const message = `owner '${text}': not of the form USER:GROUP`
    assert.throws(() => findOwner(text), failure('usage', message))
  })
}

for (const [text, message] of [
  ['no-such-user:0', 'owner: no user no-such-user'],
  ['0:no-such-group', 'owner: no group no-such-group'],
  // The number that tells the system to leave the owner as it is
  ['4294967295:0', 'owner: no user 4294967295'],
  ['-1:0', 'owner: no user -1'],
] as const) {
  test(`${text}: ${message}`, unlessWindows, () => {
    assert.throws(() => findOwner(text), failure('usage', message))
  })
}
