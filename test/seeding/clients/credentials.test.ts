import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { withCredentials } from '../../../src/seeding/clients/credentials.js'
import { makeScratch } from '../../support/scratch.js'

// The pairs are those that curl 7.88 sends and Python 3.11 reads
for (const [what, netrc, user, password] of [
  ['in lines', 'machine h\n  login u\n  password p\n', 'u', 'p'],
  ['with # in the password', 'machine h login u password p#1\n', 'u', 'p#1'],
  [
    'between comments',
    '# machine h password x\nmachine h login u password p\n# password y\n',
    'u',
    'p',
  ],
  ['before default', 'machine h login u password p\ndefault login a password b\n', 'u', 'p'],
  ['only as default', 'machine other login a password b\ndefault login u password p\n', 'u', 'p'],
  ['in quotes', 'machine h login u password "two \\"words\\""\n', 'u', 'two "words"'],
  ['before a macro', 'machine h login u password p\nmacdef init\npassword x\n\n', 'u', 'p'],
  [
    'behind a macro',
    'macdef init\nmachine h password x\n\nmachine h login u password p\n',
    'u',
    'p',
  ],
  ['with an account', 'machine h login u account password password p\n', 'u', 'p'],
  ['twice', 'machine h login u password p\nmachine h login v password q\n', 'u', 'p'],
  ['of another machine', 'machine other login u password p\n', '', ''],
] as const) {
  test(`an entry of a netrc file ${what} is read`, (t) => {
    const file = join(makeScratch(t, { netrc }), 'netrc')
    chmodSync(file, 0o600)
    const found = withCredentials(parseClientAddress('qbittorrent+http://h'), file)
    assert.deepEqual([found.user, found.password], [user, password])
  })
}
