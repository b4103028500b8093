import assert from 'node:assert/strict'
import fs, { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFormsAs } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { importMocks } from '../../../support/import-mocks.js'
import { makeScratch } from '../../../support/scratch.js'
import { followJob, fieldsOf, type Visitor } from '../../../support/visitor.js'

/** What is done on the pages, and the torrents that the tracker then has. */
const ACTS: readonly [act: string, (alice: Visitor, data: string) => unknown, torrents: string][] =
  [
    ['upload', (alice) => alice.upload({ 'b.torrent': torrentNamed('b') }), '/a /b'],
    [
      'move',
      (alice) => alice.post('/torrents', { act: 'move', to: '0/x', torrent: '0/a.torrent' }),
      '/b x/a',
    ],
    [
      'delete',
      (alice) => alice.post('/torrents', { act: 'delete', torrent: '0/x/a.torrent' }),
      '/b',
    ],
    ['restore', async (alice) => alice.post('/bin', fieldsOf(await alice.get('/bin'))), '/b x/a'],
    [
      'rename a category',
      (alice) => alice.post('/categories', { act: 'rename', category: '0/x', name: 'y' }),
      '/b y/a',
    ],
    [
      'make',
      async (alice, data) => {
        const form = { path: join(data, 'c'), to: '0', act: 'make' }
        await followJob(alice, `/${(await alice.post('/make', form)).location}`)
      },
      '/b /c y/a',
    ],
    ['edit', rename, '/c /new y/a'],
    [
      'categories and bans',
      async (alice) => {
        await alice.post('/categories', { act: 'create', parent: '0', name: 'z' })
        await alice.post('/categories', { act: 'remove', category: '0/z' })
        await alice.post('/bans', { act: 'ban', kind: 'addresses', addresses: '192.0.2.1' })
        await alice.post('/bans', { kind: 'addresses', lift: '192.0.2.1' })
      },
      '/c /new y/a',
    ],
    [
      'accounts',
      async (alice) => {
        await alice.post('/users', { act: 'role', name: 'bob', role: 'admin' })
        await alice.post('/users', { act: 'remove', name: 'bob' })
        await alice.post('/logout', [])
      },
      '/c /new y/a',
    ],
  ]

/** What the log of activities has then. */
const LOGGED = [
  ...['log in', 'add', 'move', 'delete', 'restore', 'rename category', 'add', 'edit'],
  ...['create category', 'remove category', 'ban', 'lift a ban'],
  ...['change the role', 'remove user', 'log out'],
]

/** Gives the torrent b another name. */
async function rename(alice: Visitor) {
  const form = fieldsOf(await alice.post('/torrents', { act: 'edit', torrent: '0/b.torrent' }))
  const typed = [...form.filter(([name]) => name !== 'name'), ['name', 'new'] as const]
  const preview = await alice.post('/edit', [...typed, ['act', 'preview']])
  await alice.post('/edit', [...fieldsOf(preview), ['act', 'save']])
}

test('the tracker, which cannot watch its directories, and the log have each act at once', async (t) => {
  t.mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('no watches are left'), { code: 'ENOSPC' })
  })
  importMocks(t)
  const data = makeScratch(t, { c: 'content' })
  const files = { 'torrents/a.torrent': torrentNamed('a'), 'torrents/x/readme.txt': '' }
  const { tracker, browser, root } = await startFormsAs(t, 'alice', files, ['--make-from', data])
  for (const [act, run, torrents] of ACTS) {
    await run(browser, data)
    const answer = await tracker.get('/catalogue/index.json')
    const list = (await answer.json()) as { torrents: { name: string; category: string }[] }
    const places = list.torrents.map(({ name, category }) => `${category}/${name}`)
    assert.equal(places.sort().join(' '), torrents, act)
  }
  const lines = readFileSync(join(root, 'state/admin.log'), 'utf8').trim().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { action: string }).action),
    LOGGED,
  )
})
