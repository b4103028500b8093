import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { editTorrent } from '../../../src/library/changes.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { openTestGui } from '../../support/gui.js'
import { fieldsOf, type Page } from '../../support/visitor.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

function read(path: string) {
  return parseMetainfo(readFileSync(path), { maxSize: 1e6 })
}

async function plant(t: TestContext) {
  const gui = await openTestGui(t, { a: 'a', b: 'b' })
  const make = { act: 'make', trackers: 'http://t.example/announce', comment: 'old' }
  await gui.send('make', { ...make, path: 'a' })
  await gui.send('make', { ...make, path: 'b', comment: 'other' })
  const at = (name: string) => join(gui.root, `${name}.torrent`)
  return { ...gui, at }
}

const fieldsIn = (page: Page) => Object.fromEntries(fieldsOf(page))

test('fields show a torrent, a preview its changes, and only saving writes them', async (t) => {
  const { get, send, at } = await plant(t)
  const fields = fieldsIn(await get(`edit?torrents=${at('a')}`))
  assert.equal(fields['trackers'], 'http://t.example/announce')
  const changed = { ...fields, comment: 'new', trackers: 'http://u.example/announce' }
  const before = read(at('a'))
  const preview = await send('edit', { ...changed, act: 'preview' })
  assert.match(preview.text, /1 torrent would change/)
  assert.match(preview.text, /<del>- old<\/del>/)
  assert.match(preview.text, /<ins>\+ new<\/ins>/)
  assert.deepEqual(read(at('a')).bytes, before.bytes)
  const saved = await send('edit', { ...fieldsIn(preview), act: 'save' })
  assert.match(saved.text, /1 torrent changed/)
  assert.match(saved.text, /href="\.\.\/look\?torrent=[^"]+">Inspect a\.torrent</)
  assert.match(saved.text, /href="\.\.\/edit\?torrents=[^"]+">Edit again</)
  const after = read(at('a'))
  assert.deepEqual([after.comment, after.announce], ['new', 'http://u.example/announce'])
  assert.equal(after.infoHash, before.infoHash)
})

test('of several torrents, empty fields keep what each has', async (t) => {
  const { root, get, send, at } = await plant(t)
  const fields = fieldsIn(await get(`edit?torrents=${root}`))
  assert.equal(fields['comment'], '')
  const changed = { ...fields, trackers: 'http://u.example/announce' }
  const { text } = await send('edit', { ...changed, act: 'save' })
  assert.match(text, /2 torrents changed/)
  assert.deepEqual(
    ['a', 'b'].map((name) => [read(at(name)).comment, read(at(name)).announce]),
    [
      ['old', 'http://u.example/announce'],
      ['other', 'http://u.example/announce'],
    ],
  )
})

test('a torrent that another program changed meanwhile is not overwritten', async (t) => {
  const { get, send, at } = await plant(t)
  const fields = fieldsIn(await get(`edit?torrents=${at('a')}`))
  writeFileSync(at('a'), editTorrent(readFileSync(at('a')), { comment: 'theirs' }).bytes)
  const webSeeds = 'http://a.example/\r\nhttp://b.example/'
  const { status, text } = await send('edit', { ...fields, comment: 'mine', webSeeds, act: 'save' })
  assert.equal(status, 409)
  assert.match(
    text,
    /have changed[^]*Your form had[^]*a\.example\/<br \/>http:\/\/b\.example[^]*mine/,
  )
  assert.equal(read(at('a')).comment, 'theirs')
})

test('a preview says that an edit of info removes its signatures', async (t) => {
  const { get, send, at } = await plant(t)
  writeFileSync(at('a'), torrentOf(singleFileInfo(), { signatures: { a: {} } }))
  const fields = fieldsIn(await get(`edit?torrents=${at('a')}`))
  const said = async (changes: Record<string, string>) =>
    (await send('edit', { ...fields, ...changes, act: 'preview' })).text.includes('BEP 35')
  assert.deepEqual([await said({ comment: 'x' }), await said({ source: 'S' })], [false, true])
})

test('a path is no name for a torrent', async (t) => {
  const { get, send, at } = await plant(t)
  const fields = fieldsIn(await get(`edit?torrents=${at('a')}`))
  const { status, text } = await send('edit', { ...fields, name: '../up', act: 'save' })
  assert.equal(status, 400)
  assert.match(text, /must be a single path component/)
  assert.equal(read(at('a')).name, 'a')
})

test('a large torrent is not read again until it changes', async (t) => {
  const { root, get } = await openTestGui(t)
  const path = join(root, 'large.torrent')
  const pieces = 60_000
  const info = singleFileInfo({ length: pieces * 16384, pieces: new Uint8Array(20 * pieces) })
  for (const comment of ['one', 'three', 'two']) {
    writeFileSync(path, torrentOf(info, { comment }))
    for (let i = 0; i < 2; i++) {
      assert.equal(fieldsIn(await get(`edit?torrents=${path}`))['comment'], comment)
    }
  }
})

test('values that no form can hold are refused, and the way to edit them is named', async (t) => {
  const comment = 'x'.repeat(300_000)
  const { get } = await openTestGui(t, { 'a.torrent': torrentOf(singleFileInfo(), { comment }) })
  const { status, text } = await get('edit?torrents=a.torrent')
  assert.equal(status, 400)
  assert.match(text, /too long for a form; use btkit edit/)
  assert(text.length < 50_000)
})

test('a preview shows lines that stay without a sign, and says what another info hash means', async (t) => {
  const { root, send } = await openTestGui(t, { tree: 'x' })
  const trackers = 'http://a.example/announce'
  await send('make', { act: 'make', path: 'tree', trackers })
  const torrents = join(root, 'tree.torrent')
  const { digest = '' } = fieldsIn(await send('edit', { act: 'open', torrents }))
  const fields = { act: 'preview', torrents, digest, trackers: `${trackers}\n\nhttp://b.example/a` }
  const added = await send('edit', { ...fields, name: 'tree' })
  assert.doesNotMatch(added.text, /<del>|another torrent/)
  assert.match(added.text, /<ins>\+ http:\/\/b.example\/a<\/ins>/)
  const renamed = await send('edit', { ...fields, name: 'other' })
  assert.match(renamed.text, /Clients see this as another torrent/)
})

test('a preview shows the tiers of trackers, and that one was split or joined', async (t) => {
  const { root, send } = await openTestGui(t, { tree: 'x' })
  const trackers = 'http://a.example/announce\nhttp://b.example/announce'
  await send('make', { act: 'make', path: 'tree', trackers })
  const torrents = join(root, 'tree.torrent')
  const edit = async (act: string, list: string) => {
    const { digest = '' } = fieldsIn(await send('edit', { act: 'open', torrents }))
    const shown = await send('edit', { act, torrents, digest, trackers: list })
    const lines = shown.text.matchAll(/<(ins|del|div class="same")>([^<]+)/g)
    return [...lines].map(([, , line]) => line)
  }
  const [a, b] = ['http://a.example/announce', 'http://b.example/announce']
  const split = `${a}\n\n${b}`
  assert.deepEqual(await edit('preview', split), [a, '+ (next tier)', b])
  await edit('save', split)
  assert.deepEqual(await edit('preview', trackers), ['- (next tier)', a, b])
  const third = 'http://c.example/announce'
  assert.deepEqual(await edit('preview', `${split}\n${third}`), [a, '(next tier)', b, `+ ${third}`])
})

test('a form that nobody touched changes nothing, whatever the values have', async (t) => {
  const comments = ['two\nlines\n\n  and more ', 'dos\r\nlines\r\n', 'old\rmac', ' blanks ']
  const odd = comments.map((comment, i): [string, Uint8Array] => {
    const info = singleFileInfo({ name: `a\nb${i}`, source: 'so\r\nurce' })
    return [`${i}.torrent`, torrentOf(info, { comment, 'url-list': ['http://w.example/a b'] })]
  })
  const { root, get, send } = await openTestGui(t, Object.fromEntries(odd))
  for (const [i, comment] of comments.entries()) {
    const path = join(root, `${i}.torrent`)
    const fields = fieldsOf(await get(`edit?torrents=${path}`))
    const preview = await send('edit', { ...Object.fromEntries(fields), act: 'preview' })
    assert.match(preview.text, /<h1[^>]*>0 torrents would change/, JSON.stringify(comment))
    const renamed = { ...Object.fromEntries(fields), source: 'other' }
    const changes = (await send('edit', { ...renamed, act: 'preview' })).text.match(/<dt>[^<]+/g)
    assert.deepEqual(changes, ['<dt>Source tag', '<dt>Info hash'], JSON.stringify(comment))
  }
})

test('lines of a comment are saved as they were typed', async (t) => {
  const { root, get, send, at } = await plant(t)
  const fields = fieldsIn(await get(`edit?torrents=${at('a')}`))
  const preview = await send('edit', { ...fields, comment: 'one\r\n\r\ntwo', act: 'preview' })
  assert.doesNotMatch(preview.text, /next tier/)
  await send('edit', { ...fieldsIn(preview), act: 'save' })
  assert.equal(read(at('a')).comment, 'one\n\ntwo')
  await send('make', { act: 'make', path: 'b', output: 'all.torrent', comment: 'one\r\ntwo' })
  assert.equal(read(join(root, 'all.torrent')).comment, 'one\ntwo')
})
