import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeHashesCheap, userLine } from '../../../support/admin.js'
import { assertError, inputOf, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

const PASSWORD = 'pa\u00dfword of alice'

/** Runs `btkit admin` on a file. */
function admin(users: string, args: readonly string[], password = PASSWORD) {
  const stdin = inputOf(`${password}\nmore\n`)
  return runBtkit(['admin', ...args, '--admin-users', users], { stdin })
}

test('passwd adds a user and keeps only a hash, for its owner', async (t) => {
  const users = join(makeScratch(t), 'users')
  assert.equal((await admin(users, ['passwd', 'alice'])).stdout, 'added alice (admin)\n')
  assert.equal(statSync(users).mode & 0o777, 0o600)
  const line = readFileSync(users, 'utf8').split('\n')[1] ?? ''
  const [, n, r, p, salt = '', hash = ''] = line.split(':')[2]!.split('$')
  const cost = { N: Number(n), r: Number(r), p: Number(p), maxmem: 2 ** 28 }
  assert.ok(cost.N >= 2 ** 16)
  const again = scryptSync(PASSWORD, Buffer.from(salt, 'base64url'), 32, cost)
  assert.equal(hash, again.toString('base64url'))
})

test('passwd changes one user, with the same role, and list and remove say so', async (t) => {
  makeHashesCheap(t)
  const users = join(makeScratch(t), 'users')
  const before = userLine('bob', 'x', 'uploader') + userLine('carol', 'x', 'admin')
  writeFileSync(users, before, { mode: 0o640 })
  const role = ['passwd', 'bob', '--role', 'admin']
  assert.equal((await admin(users, ['passwd', 'bob'])).stdout, 'changed bob (uploader)\n')
  assert.equal((await admin(users, ['list'])).stdout, 'bob\tuploader\ncarol\tadmin\n')
  assert.ok(readFileSync(users, 'utf8').includes(userLine('carol', 'x', 'admin')))
  assert.equal(statSync(users).mode & 0o777, 0o640)
  assert.equal((await admin(users, role)).stdout, 'changed bob (admin)\n')
  assert.equal((await admin(users, ['remove', 'bob'])).stdout, 'removed bob\n')
  assert.equal((await admin(users, ['list'])).stdout, 'carol\tadmin\n')
  assert.match((await admin(users, ['remove', 'bob'])).stderr, /no user bob/)
})

test('bad names, passwords and files change nothing', async (t) => {
  const users = join(makeScratch(t), 'users')
  for (const name of ['', 'a:b', '../a', 'a b', 'a\n', '-a', 'x'.repeat(33)])
    assert.equal((await admin(users, ['passwd', '--', name])).status, 2, name)
  assert.match(
    (await admin(users, ['passwd', 'a b'])).stderr,
    /^btkit: <name> 'a b': not a name; use up to 32 letters[\w ,]+\n$/,
  )
  for (const password of ['', 'brief', 'x'.repeat(1025), 'x'.repeat(5000)]) {
    const { status, stderr } = await admin(users, ['passwd', 'alice'], password)
    assert.notEqual(status, 0)
    if (password !== '') assert.ok(!stderr.includes(password))
  }
  writeFileSync(users, 'not a user\n')
  assert.match((await admin(users, ['passwd', 'alice'])).stderr, /users: line 1 is not NAME:ROLE/)
  assert.equal(readFileSync(users, 'utf8'), 'not a user\n')
})

test('without a file of users nothing is done', async () => {
  assertError(await runBtkit(['admin', 'list']), 'usage', "'--admin-users <file>' not specified")
})

for (const command of [['list'], ['remove', 'alice']]) {
  test(`${command.join(' ')} of a file that is not there is an error`, async (t) => {
    const users = join(makeScratch(t), 'users')
    const { status, stdout, stderr } = await admin(users, command)
    assert.deepEqual([status, stdout], [1, ''])
    const why = 'no such file or directory; "btkit admin passwd" creates it'
    assert.equal(stderr, `btkit: ${users}: ${why}\n`)
    assert.ok(!existsSync(users))
  })
}

test('a terminal asks twice', async (t) => {
  makeHashesCheap(t)
  const users = join(makeScratch(t), 'users')
  const typed = ['first password', 'other password']
  const askSecret = () => Promise.resolve(typed.shift() ?? '')
  const args = ['admin', 'passwd', 'alice', '--admin-users', users]
  assert.match((await runBtkit(args, { askSecret })).stderr, /the two passwords differ/)
  typed.push(PASSWORD, PASSWORD)
  assert.equal((await runBtkit(args, { askSecret })).stdout, 'added alice (admin)\n')
})
