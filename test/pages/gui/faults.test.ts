import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestGui } from '../../support/gui.js'
import { faultyFields } from '../../support/visitor.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const FILES = {
  'tree/a': 'a',
  'there.torrent': 'no torrent',
  'empty/b': '',
  'good.torrent': torrentOf(singleFileInfo({ name: 'good' })),
}

/** Forms with a mistake, and the field that is marked. */
const MISTAKES: readonly (readonly [
  page: string,
  fields: Record<string, string>,
  field: string,
])[] = [
  ['make', { path: '', comment: 'file' }, 'path'],
  ['make', { path: 'nowhere', comment: 'nowhere' }, 'path'],
  ['make', { path: 'empty', source: 'empty' }, 'path'],
  ['make', { path: 'x\0' }, 'path'],
  ['make', { path: 'file://elsewhere/x' }, 'path'],
  ['make', { path: 'tree', trackers: 'tree' }, 'trackers'],
  ['make', { path: 'tree', trackers: 'http://t.example/a\n\nudp:/x', comment: 'x' }, 'trackers'],
  ['make', { path: 'tree', private: 'on' }, 'trackers'],
  ['make', { path: 'tree', webSeeds: 'x', comment: 'x' }, 'webSeeds'],
  ['make', { path: 'tree', pieceLength: '17' }, 'pieceLength'],
  ['make', { path: 'tree', exclude: '"tree' }, 'exclude'],
  ['make', { path: 'tree', exclude: 'a '.repeat(101) }, 'exclude'],
  ['make', { path: 'tree', exclude: '/' }, 'exclude'],
  ['make', { path: 'tree', output: 'there.torrent', comment: 'there' }, 'output'],
  ['make', { path: 'tree', output: 'there.torrent', replace: 'on' }, 'output'],
  ['make', { path: 'tree', output: 'nowhere/x' }, 'output'],
  ['make', { path: 'tree', output: 'x\0' }, 'output'],
  ['check', { torrent: '', data: 'tree' }, 'torrent'],
  ['check', { torrent: 'nowhere.torrent', data: 'tree' }, 'torrent'],
  ['check', { torrent: 'there.torrent', data: 'tree' }, 'torrent'],
  ['check', { torrent: 'good.torrent', data: 'nowhere' }, 'data'],
  ['look', { torrent: '' }, 'torrent'],
  ['look', { torrent: 'there.torrent' }, 'torrent'],
  ['complete', { path: '', comment: 'directory' }, 'path'],
  ['complete', { path: 'nowhere', target: 'tree' }, 'path'],
  ['complete', { path: 'tree', target: 'nowhere' }, 'target'],
  ['complete', { path: 'tree', trackers: 'x', comment: 'x' }, 'trackers'],
  ['edit', { torrents: 'nowhere' }, 'torrents'],
  ['edit', { torrents: 'there.torrent' }, 'torrents'],
  ['edit', { torrents: 'good.torrent', trackers: 'x', comment: 'x' }, 'trackers'],
  ['edit', { torrents: 'good.torrent', webSeeds: 'x', comment: 'x' }, 'webSeeds'],
  ['edit', { torrents: 'good.torrent', name: 'a/b', comment: 'a/b' }, 'name'],
]

/** The buttons that do what a page is for. */
const ACTS: Readonly<Record<string, string>> = { complete: 'look', edit: 'preview' }

test('an error marks the field that it is about, and no other one', async (t) => {
  const { get, send } = await openTestGui(t, FILES)
  const opened = await get('edit?torrents=good.torrent')
  const digest = /name="digest" value="(\w+)"/.exec(opened.text)?.[1] ?? ''
  const wrong: string[] = []
  for (const [page, fields, field] of MISTAKES) {
    const act = ACTS[page] ?? page
    const { text } = await send(page, { act, ...(page === 'edit' && { digest }), ...fields })
    const marked = faultyFields(text)
    if (String(marked) !== field) wrong.push(JSON.stringify([page, fields, marked]))
  }
  assert.deepEqual(wrong, [])
})

test('a form that is filled in from a preset has no field marked', async (t) => {
  const presets = [{ name: 'public', fields: { comment: 'file' } }]
  const { send } = await openTestGui(t, FILES, { presets })
  const { text } = await send('make', { act: 'make', path: '', preset: 'public' })
  assert.match(text, />\nfile<\/textarea>/)
  assert.deepEqual(faultyFields(text), [])
})
