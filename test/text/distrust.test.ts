import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDistrust } from '../../src/text/distrust.js'

const ROOT = 0
const USER = 1000
const OTHER = 1001

for (const [what, uid, mode, user] of [
  ["root's own", ROOT, 0o40755, ROOT],
  ["a user's own", USER, 0o40700, USER],
  ["a user's own for all", USER, 0o40777, USER],
  ["root's for a user of its group", ROOT, 0o40775, USER],
] as const) {
  test(`${what} directory is relied on`, () => {
    assert.equal(describeDistrust({ uid, mode }, user, '--x'), null)
  })
}

for (const [what, uid, mode, user, why] of [
  ["another user's, by root", OTHER, 0o40700, ROOT, /user 1001.*--x/],
  ["root's for all, by root", ROOT, 0o41777, ROOT, /all users.*--x/],
  ["another user's for all, by a user", OTHER, 0o40777, USER, /all users.*--x/],
] as const) {
  test(`a directory is not relied on: ${what}`, () => {
    assert.match(describeDistrust({ uid, mode }, user, '--x') ?? '', why)
  })
}

test('where users have no numbers, every directory is relied on', () => {
  assert.equal(describeDistrust({ uid: 0, mode: 0o40777 }, undefined, '--x'), null)
})
