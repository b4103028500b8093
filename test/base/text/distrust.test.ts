import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  describeDistrust,
  describeGroupDistrust,
  describeWayDistrust,
} from '../../../src/base/text/distrust.js'

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
  ["another user's for its group, by a user", OTHER, 0o40775, USER, /user 1001.*--x/],
  ["another user's, by a user", OTHER, 0o40755, USER, /user 1001.*--x/],
] as const) {
  test(`a directory is not relied on: ${what}`, () => {
    assert.match(describeDistrust({ uid, mode }, user, '--x') ?? '', why)
  })
}

test('where users have no numbers, every directory is relied on', () => {
  assert.equal(describeDistrust({ uid: 0, mode: 0o40777 }, undefined, '--x'), null)
})

const GROUP = 50

for (const [what, uid, gid, mode] of [
  ["root's own", ROOT, GROUP, 0o40755],
  ["one that root's group can write to", ROOT, ROOT, 0o40775],
  ['one that all can write to, but not rename in', ROOT, ROOT, 0o41777],
] as const) {
  test(`what is below a directory is relied on: ${what}`, () => {
    assert.equal(describeWayDistrust({ uid, gid, mode }, '/a', '--x'), null)
  })
}

for (const [what, uid, gid, mode, why] of [
  ["another user's", OTHER, ROOT, 0o41755, /^\/a belongs to user 1001.*--x/],
  ['one that all can write to', ROOT, ROOT, 0o40777, /^all users can write to \/a.*--x/],
  ['one that others can write to', ROOT, GROUP, 0o40775, /^users of group 50 .* \/a.*--x/],
] as const) {
  test(`what is below a directory is not relied on by root: ${what}`, () => {
    assert.match(describeWayDistrust({ uid, gid, mode }, '/a', '--x') ?? '', why)
  })
}

test('root does not rely on a directory that a group of others can write to', () => {
  const own = { uid: ROOT, gid: GROUP }
  assert.match(describeGroupDistrust({ ...own, mode: 0o41775 }, '--x') ?? '', /group 50.*--x/)
  assert.equal(describeGroupDistrust({ ...own, mode: 0o40755 }, '--x'), null)
  assert.equal(describeGroupDistrust({ ...own, gid: ROOT, mode: 0o40775 }, '--x'), null)
})
