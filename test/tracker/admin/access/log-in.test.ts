import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { LogIns } from '../../../../src/tracker/admin/access/log-in.js'
import { parseHash, PasswordHasher } from '../../../../src/tracker/admin/access/password-hash.js'
import { UsersFile } from '../../../../src/tracker/admin/access/users.js'
import { BtkitError } from '../../../../src/base/errors.js'
import { clientKey } from '../../../../src/server/connections/client-address.js'
import { userLine } from '../../../support/admin.js'
import { makeScratch } from '../../../support/scratch.js'

const PASSWORD = 'correct horse battery'

/** Names that exist, because their hashes are quick to compute. */
const NAMES = Array.from({ length: 120 }, (_, at) => `user${at}`)
const LINES = NAMES.map((name) => userLine(name, PASSWORD, 'admin')).join('')

/** Log-ins of users, each with one word as its result. */
async function openLogIns(t: TestContext) {
  const path = join(makeScratch(t), 'users')
  writeFileSync(path, LINES, { mode: 0o600 })
  const users = new UsersFile(path, assert.ifError)
  await users.open()
  const logIns = new LogIns(users, () => 1)
  return async (name: string, address: string | null, password = 'guess'): Promise<string> => {
    try {
      const result = await logIns.check(name, password, address)
      if (result === 'wrong') return result
      return 'limited' in result ? 'limited' : 'in'
    } catch (error) {
      if (error instanceof BtkitError) return error.code
      throw error
    }
  }
}

/** How often each word is there. */
function countsOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

for (const [what, addressOf] of [
  ['an address of this machine', () => '127.0.0.2'],
  ['an address of the internet', () => '198.51.100.1'],
  ['a Unix socket', () => null],
  ['a /64 of IPv6', (at: number) => `2001:db8:1:1::${at + 1}`],
  ['a /48 of IPv6', (at: number) => `2001:db8:1:${at}::1`],
] as const) {
  test(`${what} that tries many names at once does not shut out others`, async (t) => {
    const attempt = await openLogIns(t)
    const flood = NAMES.slice(0, 40).map((name, at) => attempt(name, addressOf(at)))
    assert.equal(await attempt('user50', '203.0.113.1', PASSWORD), 'in')
    assert.equal(await attempt('user51', '2001:db8:2::1', PASSWORD), 'in')
    assert.ok((countsOf(await Promise.all(flood))['wrong'] ?? 0) < 40)
  })
}

/**
 * Checks passwords of clients in one moment; returns each client's result, in the order of their
 * ends.
 */
async function checkAtOnce(clients: readonly (string | null)[]): Promise<string[]> {
  const [, , spelled = ''] = userLine('x', PASSWORD, 'admin').trim().split(':')
  const hash = parseHash(spelled)!
  const hasher = new PasswordHasher()
  const ends: string[] = []
  const checks = clients.map((client) =>
    hasher.check('guess', hash, client).then(
      () => ends.push(`${client} checked`),
      () => ends.push(`${client} refused`),
    ),
  )
  await Promise.all(checks)
  return ends
}

test('clients have turns: one attempt does not wait for several of another client', async () => {
  const ends = await checkAtOnce(['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'])
  assert.deepEqual(ends.slice(0, 2), ['192.0.2.1 checked', '192.0.2.2 checked'])
})

test('a client and a network have few places, and those who logged in before have their own', async () => {
  const networks = Array.from({ length: 10 }, (_, at) => clientKey(`2001:db8:1:${at}::1`))
  const others = Array.from({ length: 20 }, (_, at) => `192.0.2.${at + 1}`)
  const same = Array.from({ length: 9 }, () => '198.51.100.1')
  const ends = await checkAtOnce([...same, ...networks, ...others, null, null])
  const checked = (start: string) => {
    return ends.filter((end) => end.startsWith(start) && end.endsWith(' checked')).length
  }
  assert.deepEqual(['198.51.100.1 ', '2001:', '192.0.2.', 'null'].map(checked), [
    3,
    6,
    16 - 3 - 6,
    2,
  ])
})

test('somebody who logged in before gets in while strangers try names', async (t) => {
  const attempt = await openLogIns(t)
  assert.equal(await attempt('user0', '203.0.113.1', PASSWORD), 'in')
  const strangers = NAMES.slice(1, 60).map((name, at) => attempt(name, `198.51.100.${at}`))
  assert.equal(await attempt('user0', '203.0.113.1', PASSWORD), 'in')
  await Promise.all(strangers)
})

for (const [what, addressOf] of [
  ['a private address', () => '10.0.0.7'],
  ['a /48 of IPv6', (at: number) => `2001:db8:1:${at}::1`],
] as const) {
  test(`${what} has a hundred attempts for all names together`, async (t) => {
    const attempt = await openLogIns(t)
    assert.equal(await attempt('user0', addressOf(0), PASSWORD), 'in')
    const words: string[] = []
    for (let at = 0; at < 110; at++) words.push(await attempt(NAMES[at + 1]!, addressOf(at)))
    assert.deepEqual(countsOf(words), { wrong: 100, limited: 10 })
    assert.equal(await attempt('user119', addressOf(7), PASSWORD), 'limited')
    // A user who logged in there before is no stranger
    assert.equal(await attempt('user0', addressOf(0), PASSWORD), 'in')
    assert.equal(await attempt('user119', '192.168.0.1', PASSWORD), 'in')
  })
}

test('what cannot be a password, and what is refused, pushes no count out', async (t) => {
  const attempt = await openLogIns(t)
  for (let at = 0; at < 10; at++) assert.equal(await attempt('user0', '10.0.0.7'), 'wrong')
  assert.equal(await attempt('user0', '10.0.0.7'), 'limited')
  for (let at = 0; at < 10_500; at++) {
    assert.equal(await attempt(`x${at}`, '10.0.0.7', ''), 'wrong')
    assert.equal(await attempt(`y${at}`, '10.0.0.7', 'x'.repeat(1025)), 'wrong')
  }
  assert.equal(await attempt('user0', '10.0.0.7'), 'limited')
})

const [SALT, HASH] = ['s'.repeat(22), 'h'.repeat(43)]

/** Costs of a hash in the file of users: `scrypt` would fail for some, or take all memory. */
for (const [cost, isTaken] of [
  ['2$1$1', true],
  ['16384$8$16', true],
  ['1$8$1', false],
  ['0$8$1', false],
  ['16383$8$1', false],
  ['16384$0$1', false],
  ['16384$8$0', false],
  ['16384$8$17', false],
  ['262144$8$1', true],
  ['262144$9$1', false],
  ['', false],
] as const) {
  test(`a hash of the cost ${cost || 'nothing'} is ${isTaken ? 'read' : 'refused'}`, () => {
    assert.equal(parseHash(`scrypt$${cost}$${SALT}$${HASH}`) !== null, isTaken)
  })
}
