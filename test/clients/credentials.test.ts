import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseClientAddress } from '../../src/clients/address.js'
import { withCredentials } from '../../src/clients/credentials.js'
import { makeScratch } from '../support/scratch.js'

const NETRC = `# clients
machine other login x password y
machine host:8080 login eight password 8
machine host
  login me # a comment
  password secret`

function plant(t: TestContext, mode = 0o600): string {
  const file = join(makeScratch(t, { netrc: NETRC }), 'netrc')
  chmodSync(file, mode)
  return file
}

function find(url: string, file: string | null): [user: string, password: string] {
  const { user, password } = withCredentials(parseClientAddress(url), file)
  return [user, password]
}

void test('credentials come from the entry of the host', (t) => {
  assert.deepEqual(find('transmission+http://host', plant(t)), ['me', 'secret'])
})

void test('an entry with the port goes before one without', (t) => {
  assert.deepEqual(find('qbittorrent+http://host', plant(t)), ['eight', '8'])
})

void test('those of the address itself go before all', (t) => {
  assert.deepEqual(find('qbittorrent+http://a:b@host', plant(t)), ['a', 'b'])
})

void test('a host without an entry, or no file at all, means no credentials', (t) => {
  assert.deepEqual(find('aria2+http://nobody', plant(t)), ['', ''])
  assert.deepEqual(find('aria2+http://host', join(makeScratch(t), 'none')), ['', ''])
})

void test(
  'a file that others may read is refused',
  { skip: process.platform === 'win32' && 'no modes here' },
  (t) => {
    assert.throws(() => find('aria2+http://host', plant(t, 0o640)), { code: 'not-permitted' })
  },
)
