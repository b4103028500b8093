import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFormsAs } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { importMocks } from '../../../support/import-mocks.js'
import { makeScratch } from '../../../support/scratch.js'
import { followJob, type Fields, fieldsOf, type Visitor } from '../../../support/visitor.js'

/** What is done on the pages, and the torrents that the tracker then has. */
const ACTS: readonly [act: string, (alice: Visitor, data: string) => unknown, torrents: string][] =
  [
    ['upload', (alice) => alice.upload({ 'b.torrent': torrentNamed('b') }), '/a /b'],
    ['move', (alice) => send(alice, 'move', ['to', '0/x']), '/b x/a'],
    ['delete', (alice) => alice.post('/torrents', remove('0/x/a.torrent')), '/b'],
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
  ]

const remove = (path: string): Fields => [
  ['act', 'delete'],
  ['torrent', path],
]

const send = (alice: Visitor, act: string, ...more: Fields) =>
  alice.post('/torrents', [['act', act], ['torrent', '0/a.torrent'], ...more])

/** Gives the torrent b another name. */
async function rename(alice: Visitor) {
  const chosen: Fields = [['torrent', '0/b.torrent']]
  const form = fieldsOf(await alice.post('/torrents', [['act', 'edit'], ...chosen]))
  const typed = [...form.filter(([name]) => name !== 'name'), ['name', 'new'] as const]
  const preview = await alice.post('/edit', [...typed, ['act', 'preview']])
  await alice.post('/edit', [...fieldsOf(preview), ['act', 'save']])
}

test('a tracker that cannot watch its directories has a change when its form is answered', async (t) => {
  t.mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('no watches are left'), { code: 'ENOSPC' })
  })
  importMocks(t)
  const data = makeScratch(t, { c: 'content' })
  const files = { 'torrents/a.torrent': torrentNamed('a'), 'torrents/x/readme.txt': '' }
  const { tracker, browser } = await startFormsAs(t, 'alice', files, ['--make-from', data])
  for (const [act, run, torrents] of ACTS) {
    await run(browser, data)
    const answer = await tracker.get('/catalogue/index.json')
    const list = (await answer.json()) as { torrents: { name: string; category: string }[] }
    const places = list.torrents.map(({ name, category }) => `${category}/${name}`)
    assert.equal(places.sort().join(' '), torrents, act)
  }
})
