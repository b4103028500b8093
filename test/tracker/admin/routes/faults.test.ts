import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startForms } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { makeScratch } from '../../../support/scratch.js'
import { faultyFields } from '../../../support/visitor.js'

const BAN = { act: 'ban', kind: 'addresses', reason: 'address' }

/** Forms with a mistake, and the fields that are marked. */
const MISTAKES: readonly (readonly [
  page: string,
  fields: Record<string, string>,
  ...fields: readonly string[],
])[] = [
  ['bans', { ...BAN, addresses: '' }, 'addresses'],
  ['bans', { ...BAN, addresses: 'x', reason: 'x' }, 'addresses'],
  ['bans', { ...BAN, addresses: '0.0.0.0/0' }, 'addresses'],
  ['bans', { ...BAN, addresses: '192.0.2.1' }, 'addresses'],
  ['bans', { ...BAN, kind: 'torrents', torrents: '' }, 'torrents'],
  ['users', { act: 'add', name: '' }, 'name'],
  ['users', { act: 'add', name: 'bob' }, 'name'],
  ['users', { act: 'remove', name: 'nobody' }],
  ['categories', { act: 'create', parent: '0', name: '' }, 'name'],
  ['categories', { act: 'create', parent: '0', name: 'x' }, 'name'],
  ['categories', { act: 'create', parent: '0/gone', name: 'y' }, 'parent'],
  ['categories', { act: 'rename', category: '0/x', name: '' }],
  ['torrents', { act: 'x', torrent: '0/x/taken.torrent' }],
  ['users', { act: 'x', name: 'bob' }],
  ['categories', { act: 'x', category: '0/x' }],
  ['make', { act: 'make', path: '', comment: 'file' }, 'path'],
  ['make', { act: 'make', path: 'nowhere' }, 'path'],
  ['make', { act: 'make', path: 'film', to: '0', output: '.x' }, 'output'],
  ['make', { act: 'make', path: 'film', to: '0/x', output: 'taken' }, 'output'],
  ['make', { act: 'make', path: 'film', to: '0/gone' }, 'to'],
  ['make', { act: 'make', path: 'film', to: '0', trackers: 'x', comment: 'x' }, 'trackers'],
  ['account', { current: 'x', fresh: 'short', again: 'short' }, 'fresh'],
  ['account', { current: 'x', fresh: 'a new password', again: 'another' }, 'again'],
  ['account', { current: 'x', fresh: 'a new password', again: 'a new password' }, 'current'],
]

test('an error marks the field that it is about, and no other one', async (t) => {
  const data = makeScratch(t, { 'film/a': 'a' })
  const { logIn } = await startForms(t, { 'torrents/x/taken.torrent': torrentNamed('t') }, [
    ...['--make-from', data],
  ])
  const alice = await logIn('alice')
  await alice.post('/bans', { ...BAN, addresses: '192.0.2.1' })
  const wrong: string[] = []
  for (const [page, { path = '', ...fields }, ...expected] of MISTAKES) {
    const content = path === 'film' ? join(data, path) : path
    const { status, text } = await alice.post(`/${page}`, { ...fields, path: content })
    const marked = faultyFields(text)
    if (status < 400 || status >= 500 || String(marked) !== String(expected))
      wrong.push(JSON.stringify([page, fields, marked]))
  }
  assert.deepEqual(wrong, [])
})

test('an upload without a file marks the files, and one under a wrong name the name', async (t) => {
  const { logIn } = await startForms(t, { 'torrents/x/taken.torrent': torrentNamed('t') })
  const bob = await logIn('bob')
  const torrents = { 'a.torrent': torrentNamed('a'), 'b.torrent': torrentNamed('b') }
  const none = await bob.upload({}, { description: 'file' })
  assert.deepEqual(faultyFields(none.text), ['files'])
  const several = await bob.upload(torrents, { name: 'x', description: 'file' })
  assert.deepEqual(faultyFields(several.text), ['name'])
})
