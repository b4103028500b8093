import assert from 'node:assert/strict'
import { readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { editTorrent } from '../../../../src/library/changes.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { startForms, startFormsAs } from '../../../support/admin.js'
import { type Fields, fieldsOf } from '../../../support/visitor.js'
import { filesBelow, torrentNamed } from '../../../support/collection.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const A = torrentNamed('a', 'old')
const B = torrentNamed('b', 'other')

test('chosen torrents are moved, deleted, and restored from the bin', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/x/b.torrent': B,
  })
  const torrent = ['0/a.torrent', '0/gone.torrent']
  const moved = await alice.post('/torrents', { act: 'move', to: '0/x', torrent })
  assert.match(moved.text, /1 torrent moved/)
  assert.match(moved.text, /gone\.torrent: is not there any more/)
  await alice.post('/torrents', { act: 'delete', torrent: ['0/x/a.torrent', '0/x/b.torrent'] })
  assert.deepEqual(
    filesBelow(join(root, 'torrents')).filter((name) => !name.startsWith('.')),
    [],
  )
  const ids = fieldsOf(await alice.get('/bin'))
  assert.equal(ids.length, 2)
  await alice.post('/bin', ids)
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['x/a.torrent', 'x/b.torrent'])
})

test('a move needs a place, says what stays there, and can be undone', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/x/b.torrent': B,
    'torrents/x/y/c.torrent': torrentNamed('c'),
  })
  const files = () => filesBelow(join(root, 'torrents'))
  const before = files()
  const torrent = ['0/a.torrent', '0/x/b.torrent', '0/x/y/c.torrent']
  const list = await alice.get('/torrents')
  assert.match(list.text, /<select name="to"[^>]* required>\s*<option value="">Move to…</)
  const nowhere = await alice.post('/torrents', { act: 'move', to: '', torrent })
  assert.deepEqual([nowhere.status, files()], [400, before])
  const moved = await alice.post('/torrents', { act: 'move', to: '0/x', in: '0', torrent })
  assert.match(moved.text, /2 torrents moved/)
  assert.doesNotMatch(moved.text, /not moved/)
  assert.deepEqual(files(), ['x/a.torrent', 'x/b.torrent', 'x/c.torrent'])
  const [, undo = ''] = /<div class="note"[^]*?(<form[^]*?<\/form>)/.exec(moved.text) ?? []
  const back = await alice.post('/torrents', [...fieldsOf({ text: undo }), ['act', 'undo']])
  assert.match(back.text, /2 torrents moved back/)
  assert.equal(back.location, 'torrents?in=0')
  assert.deepEqual(files(), before)
  const same = await alice.post('/torrents', { act: 'move', to: '0/x', torrent: '0/x/b.torrent' })
  assert.match(same.text, /are in this category already/)
})

test('chosen torrents are edited after a preview; another change meanwhile is told', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/b.torrent': B,
  })
  const read = (name: string) => parseMetainfo(readFileSync(join(root, 'torrents', name)))
  const chosen: Fields = [
    ['torrent', '0/a.torrent'],
    ['torrent', '0/b.torrent'],
  ]
  const form = fieldsOf(await alice.post('/torrents', [['act', 'edit'], ...chosen]))
  const typed: Fields = [
    ...form.filter(([name]) => name !== 'comment' && name !== 'trackers'),
    ['comment', 'new'],
    ['trackers', TRACKER],
    ['act', 'preview'],
  ]
  const preview = await alice.post('/edit', typed)
  assert.match(preview.text, /2 torrents would change/)
  assert.match(preview.text, /<del>- old<\/del>/)
  assert.equal(read('a.torrent').comment, 'old')
  await alice.post('/edit', [...fieldsOf(preview), ['act', 'save']])
  for (const [name, before] of [
    ['a', A],
    ['b', B],
  ] as const) {
    const { comment, announce, infoHash } = read(`${name}.torrent`)
    const unchanged = parseMetainfo(before).infoHash
    assert.deepEqual([comment, announce, infoHash], ['new', TRACKER, unchanged])
  }
  const log = readFileSync(join(root, 'state/admin.log'), 'utf8')
  assert.match(log, /"action":"edit","target":"[^"]+\/a\.torrent",.*"details":"comment, announce"/)
  writeFileSync(join(root, 'torrents/a.torrent'), editTorrent(A, { comment: 'theirs' }).bytes)
  const late = await alice.post('/edit', [...fieldsOf(preview), ['act', 'save']])
  assert.equal(late.status, 409)
  assert.match(late.text, /have changed/)
  assert.equal(read('a.torrent').comment, 'theirs')
  assert.match(late.text, /Your form had[^]*<dt>Comment<\/dt>\s*<dd class="diff">new</)
  const again = fieldsOf(late)
  // The comments differ now
  assert.equal(new Map(again).get('comment'), '')
  await alice.post('/edit', [
    ...again.filter(([name]) => name !== 'comment'),
    ['comment', 'of both'],
    ['act', 'save'],
  ])
  assert.deepEqual([read('a.torrent').comment, read('b.torrent').comment], ['of both', 'of both'])
})

test('torrents are listed with their seeds, and have a magnet link where they are edited', async (t) => {
  const { root, tracker, logIn } = await startForms(t, { 'torrents/x/a.torrent': A })
  const { infoHash } = parseMetainfo(readFileSync(join(root, 'torrents/x/a.torrent')))
  const escaped = (infoHash ?? '').replace(/../g, '%$&')
  const peer = `info_hash=${escaped}&peer_id=${'p'.repeat(20)}&port=6881&left=0`
  await (await fetch(`${tracker.address}/announce?${peer}`)).text()
  const alice = await logIn()
  const { text } = await alice.get('/torrents?in=0%2Fx')
  assert.match(text, /<b>1<\/b> of 1</)
  const { text: form } = await alice.get('/edit?torrent=0%2Fx%2Fa.torrent')
  assert.match(form, new RegExp(`href="magnet:\\?xt=urn:btih:${infoHash}&`))
  const page = /href="([^"]+)">Public page<\/a>/.exec(form)?.[1] ?? ''
  assert.match(await (await fetch(page)).text(), /<h1>a<\/h1>/)
})

test('a torrent is downloaded by its name in the list, by those who may change it', async (t) => {
  const { root, logIn } = await startForms(t, { 'torrents/x/a.torrent': A })
  const [alice, bob] = [await logIn(), await logIn('bob')]
  const [, file = ''] =
    /<a href="(file[^"]+)">a<\/a>/.exec((await alice.get('/torrents')).text) ?? []
  const { headers, text } = await alice.get(`/${file}`)
  assert.equal(text, Buffer.from(A).toString())
  assert.match(String(headers['content-disposition']), /^attachment; filename="a\.torrent"/)
  assert.equal((await bob.get(`/${file}`)).status, 403)
  assert.doesNotMatch((await bob.get('/torrents')).text, /href="file/)
  const added = await bob.upload({ 'b.torrent': B }, { addTracker: 'on' })
  const [, own = ''] = /<a href="(file[^"]+)"[^>]*>.torrent</.exec(added.text) ?? []
  assert.equal(
    (await bob.get(`/${own}`)).text,
    readFileSync(join(root, 'torrents/b.torrent'), 'utf8'),
  )
  assert.match((await bob.get('/torrents')).text, /name="act" value="delete"/)
  for (const torrent of ['0/../users', '0/x', '0/gone.torrent', '']) {
    const { status } = await alice.get(`/file?torrent=${encodeURIComponent(torrent)}`)
    assert.ok(status >= 400, torrent)
  }
})

test('the list begins with all torrents, as people sort names; counts include what is below', async (t) => {
  const archive = makeScratch(t, { 'z/old.torrent': torrentNamed('old') })
  const names = ['linux/deb/a-10', 'linux/deb/a-9', 'linux/B', 'a-1', 'films/a-2']
  const files = Object.fromEntries(
    names.map((name) => [`torrents/${name}.torrent`, torrentNamed(name)]),
  )
  const { browser: alice } = await startFormsAs(t, 'alice', files, ['--archive-dir', archive])
  const shown = async (path: string) => {
    const { text } = await alice.get(path)
    const rows = [...text.matchAll(/name="torrent"\s+value="([^"]+)\.torrent"/g)]
    return { text, rows: rows.map(([, address]) => address) }
  }
  const all = await shown('/torrents?sort=name')
  const inOrder = [
    '0/a-1',
    '0/films/a-2',
    '0/linux/deb/a-9',
    '0/linux/deb/a-10',
    '0/linux/B',
    '1/z/old',
  ]
  assert.deepEqual(all.rows, inOrder)
  const entries = /<nav class="categories"[^]*?<\/nav>/.exec(all.text)?.[0] ?? ''
  const counts = entries.matchAll(/<a[^>]*>([^<]+)\s+<span class="muted">(\d+)</g)
  assert.deepEqual(
    Array.from(counts, ([, name, count]) => `${name} ${count}`),
    [
      'All 6',
      'no category 1',
      'films 1',
      'linux 3',
      'deb 2',
      'archive 1',
      'z 1',
      'No seeds 6',
      'Bin 0',
    ],
  )
  assert.deepEqual((await shown('/torrents?in=0%2Flinux&sort=name')).rows, inOrder.slice(2, 5))
  assert.deepEqual((await shown('/torrents?in=0')).rows, ['0/a-1'])
})

test('what was just put into the directory comes first', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', { 'torrents/a.torrent': A })
  for (const name of ['b', 'c', 'd']) {
    writeFileSync(join(root, 'torrents', `${name}.torrent`), torrentNamed(name))
    const { text } = await alice.get('/torrents')
    assert.equal(/name="torrent"\s+value="([^"]+)"/.exec(text)?.[1], `0/${name}.torrent`)
  }
})

test('a torrent is found by its info hash, and edited by its link', async (t) => {
  const { browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/x/b.torrent': B,
  })
  const { text } = await alice.get(`/torrents?q=${parseMetainfo(B).infoHash?.slice(0, 8)}`)
  assert.doesNotMatch(text, /value="0\/a\.torrent"/)
  const edit = /href="(edit[^"]+)" aria-label="Edit b"/.exec(text)?.[1] ?? ''
  assert.match(
    (await alice.get(`/${edit.replaceAll('&amp;', '&')}`)).text,
    /name="comment"[^>]*>\nother</,
  )
  const none = await alice.get('/edit')
  assert.deepEqual([none.status, /No torrent was chosen/.test(none.text)], [400, true])
})

test('torrents are sorted by each column, and stay so after a change', async (t) => {
  const {
    root,
    tracker,
    browser: alice,
  } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/b.torrent': B,
    'torrents/c.torrent': torrentNamed('c', 'third'),
  })
  utimesSync(join(root, 'torrents/c.torrent'), 1e9, 1e9)
  const { infoHash } = parseMetainfo(readFileSync(join(root, 'torrents/b.torrent')))
  const escaped = (infoHash ?? '').replace(/../g, '%$&')
  const peer = `info_hash=${escaped}&peer_id=${'p'.repeat(20)}&port=6881&left=0`
  await (await fetch(`${tracker.address}/announce?${peer}`)).text()
  const heading = async (title: string, from: string) => {
    const { text } = await alice.get(from)
    const button = new RegExp(`<button form="(\\w+)" name="sort" value="(\\w+)">\\s*${title}`)
    const [, form = '', sort = ''] = button.exec(text) ?? []
    const [, fields = ''] = new RegExp(`<form id="${form}"[^>]*>([^]*?)</form>`).exec(text) ?? []
    const kept = [...fields.matchAll(/name="(\w+)"\s+value="([^"]*)"/g)]
    const pairs = [...kept.map(([, name = '', value = '']) => `${name}=${value}`), `sort=${sort}`]
    return `/torrents?${pairs.join('&')}`
  }
  const names = ({ text }: { readonly text: string }) => {
    return [...text.matchAll(/name="torrent"\s+value="0\/(\w)\.torrent"/g)].map(([, name]) => name)
  }
  const list = '/torrents?in=0&sort=name'
  const sorted = async (title: string, from = list) =>
    names(await alice.get(await heading(title, from)))
  assert.deepEqual(names(await alice.get(list)), ['a', 'b', 'c'])
  assert.deepEqual(await sorted('Name'), ['c', 'b', 'a'])
  assert.deepEqual(await sorted('Seeds of peers'), ['b', 'a', 'c'])
  assert.equal((await sorted('Added')).at(-1), 'c')
  const oldest = await heading('Added', await heading('Added', list))
  const shown = await alice.get(oldest)
  assert.equal(names(shown)[0], 'c')
  assert.match(shown.text, /aria-sort="ascending">[^]*?value="added">\s*Added/)
  assert.match(shown.text, /name="page" value="1"/)
  const answer = await alice.post('/torrents', {
    in: '0',
    sort: 'added',
    page: '1',
    act: 'delete',
    torrent: '0/a.torrent',
  })
  assert.deepEqual(names(answer), ['c', 'b'])
})

test('a banned torrent is marked, with a link to the bans for those who may ban', async (t) => {
  const { logIn } = await startForms(t, { 'torrents/a.torrent': A, 'torrents/b.torrent': B })
  const { infoHash } = parseMetainfo(A)
  const [alice, bob] = [await logIn(), await logIn('bob')]
  const marked = async ({ get }: typeof alice) =>
    [...(await get('/torrents')).text.matchAll(/(\w)(?:<\/a>)?<small>[^]*?<\/small>/g)]
      .filter(([row]) => row.includes('banned'))
      .map(([row, name]) => [name, row.includes('<a href="bans">banned</a>')])
  assert.deepEqual(await marked(alice), [])
  assert.doesNotMatch((await bob.get('/torrents')).text, /href="ban/)
  await alice.post('/bans', { act: 'ban', kind: 'torrents', torrents: infoHash! })
  assert.deepEqual(await marked(alice), [['a', true]])
  const found = await alice.get(`/torrents?q=${infoHash?.slice(0, 8)}`)
  assert.match(found.text, /value="0\/a\.torrent"/, 'and found by its info hash')
  assert.deepEqual(await marked(bob), [['a', false]])
  await alice.post('/bans', { kind: 'torrents', lift: infoHash! })
  assert.deepEqual(await marked(alice), [])
})

test('a search finds the torrents of all categories, and names these', async (t) => {
  const { logIn } = await startForms(t, { 'torrents/a.torrent': A, 'torrents/x/y/b.torrent': B })
  const { text } = await (await logIn()).get('/torrents?in=0&q=B')
  assert.match(text, /value="0\/x\/y\/b\.torrent"/)
  assert.match(text, /href="torrents\?in=0%2Fx%2Fy">x \/ y</)
  assert.doesNotMatch(text, /a\.torrent/)
})

test('a search of archived and other torrents offers to archive and to restore', async (t) => {
  const archive = makeScratch(t, { 'same-b.torrent': B })
  const { browser: alice } = await startFormsAs(t, 'alice', { 'torrents/same-a.torrent': A }, [
    '--archive-dir',
    archive,
  ])
  const acts = async (query: string) => {
    const { text } = await alice.get(`/torrents?${query}`)
    return Array.from(text.matchAll(/name="act" value="(archive|back)"/g), ([, act]) => act)
  }
  assert.deepEqual(await acts('in=0&q=same'), ['archive', 'back'])
  assert.deepEqual(await acts('in=0&q=same-b'), ['back'])
  assert.deepEqual(await acts('in=0'), ['archive'])
})

test('categories of the archive are indented below it', async (t) => {
  const archive = makeScratch(t, { 'x/b.torrent': B })
  const { logIn } = await startForms(t, { 'torrents/x/a.torrent': A }, ['--archive-dir', archive])
  const { text } = await (await logIn()).get('/torrents')
  const levels = Array.from(text.matchAll(/class="level-(\d)"/g), ([, level]) => level)
  assert.deepEqual(levels.slice(0, 5), ['0', '0', '1', '1', '2'])
})

test('an uploader sees all torrents, and changes none of others', async (t) => {
  const { root, browser: bob } = await startFormsAs(t, 'bob', { 'torrents/a.torrent': A })
  const { text } = await bob.get('/torrents')
  assert.match(text, />a<\/a>/)
  assert.doesNotMatch(text, /name="torrent"/)
  for (const act of ['move', 'delete']) {
    const { text: told } = await bob.post('/torrents', { act, to: '0', torrent: '0/a.torrent' })
    assert.match(told, /1 torrent\s+was not /)
  }
  for (const [path, fields] of [
    ['/torrents', { act: 'edit', torrent: '0/a.torrent' }],
    ['/edit', { act: 'save', torrent: '0/a.torrent', digest: '0' }],
    ['/categories', { act: 'create', parent: '0', name: 'x' }],
  ] as const) {
    assert.equal((await bob.post(path, fields)).status, 403, path)
  }
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['a.torrent'])
})

test('no field leads out of the directories', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/in/readme.txt': '',
    'outside/b.torrent': B,
  })
  const torrents = join(root, 'torrents')
  symlinkSync(join(root, 'outside'), join(torrents, 'link'))
  symlinkSync(join(root, 'outside/b.torrent'), join(torrents, 'b.torrent'))
  const change = async (fields: Record<string, string>) => {
    assert.equal((await alice.post('/categories', fields)).status, 400, JSON.stringify(fields))
  }
  const places = ['0/..', '0/../outside', '0/in/..', '0/link', '../outside', '/etc', '0//etc']
  for (const to of [...places, '0/a.torrent', '0\0', '0/%2e%2e', '1', '9', '-1', '', 'x']) {
    if (to !== '1') await alice.upload({ '../../evil.torrent': B }, { to })
    await alice.post('/torrents', { act: 'move', torrent: '0/a.torrent', to })
    await change({ act: 'create', parent: to, name: 'x' })
    await change({ act: 'rename', category: to, name: 'x' })
    await alice.get(`/torrents?in=${encodeURIComponent(to)}`)
  }
  const paths = ['../x', '/tmp/x', 'a/b', 'a\\b', '..', '.', '.hidden']
  for (const name of [...paths, ' ', '', '\0', 'a\nb', '\u202e', 'x '.repeat(200)]) {
    if (name.trim() !== '') await alice.upload({ 'evil.torrent': B }, { name })
    await change({ act: 'create', parent: '0', name })
    await change({ act: 'rename', category: '0/in', name })
  }
  const outside = ['0/../outside/b.torrent', '0/link/b.torrent', '0/b.torrent', '/etc/passwd']
  for (const torrent of [...outside, '../outside/b.torrent', '0/readme.txt', '0/in']) {
    for (const act of ['move', 'delete']) {
      const { text } = await alice.post('/torrents', { act, torrent, to: '0/in' })
      assert.match(text, /1 torrent\s+was not /, torrent)
    }
  }
  // Node 22 and newer list what is behind a link, too
  rmSync(join(torrents, 'link'))
  assert.deepEqual(filesBelow(torrents), ['a.torrent', 'in/readme.txt'])
  assert.deepEqual(filesBelow(join(root, 'outside')), ['b.torrent'])
})

test('names and comments are inert in pages', async (t) => {
  const evil = '<img src=x onerror=alert(1)>"\''
  const { browser: alice } = await startFormsAs(t, 'alice', {
    [`torrents/${evil}.torrent`]: torrentNamed(evil, evil),
    [`torrents/${evil}/a.torrent`]: A,
  })
  await alice.upload({ 'b.torrent': torrentNamed(evil, evil) })
  for (const path of [
    '/torrents',
    '/upload',
    '/categories',
    `/torrents?q=${encodeURIComponent(evil)}`,
  ]) {
    const { status, text } = await alice.get(path)
    assert.equal(status, 200)
    assert.doesNotMatch(text, /<img/)
    assert.match(text, /&lt;img/)
  }
})

test('categories are created, renamed and removed', async (t) => {
  const { root, browser: alice } = await startFormsAs(t, 'alice', { 'torrents/x/a.torrent': A })
  const shown = async () => {
    const { text } = await alice.get('/categories')
    return Array.from(
      text.matchAll(/<a href="torrents\?in=[^"]+">([^<]+)<\/a>/g),
      ([, name]) => name,
    )
  }
  await alice.post('/categories', { act: 'create', parent: '0/x', name: 'y 13' })
  await alice.post('/categories', { act: 'rename', category: '0/x', name: 'z' })
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['z/a.torrent'])
  assert.deepEqual(await shown(), ['no category', 'z', 'z / y 13'])
  const { status, text } = await alice.post('/categories', { act: 'remove', category: '0/z' })
  assert.equal(status, 400)
  assert.match(text, /The category is not empty/)
  const removed = await alice.post('/categories', { act: 'remove', category: '0/z/y 13' })
  assert.equal(removed.status, 303)
  assert.deepEqual(await shown(), ['no category', 'z'])
  const log = readFileSync(join(root, 'state/admin.log'), 'utf8')
  const acts = log.matchAll(/"action":"(\w+ category)","target":"[^"]*torrents([^"]+)"/g)
  assert.deepEqual(
    Array.from(acts, ([, action, target]) => [action, target]),
    [
      ['create category', '/x/y 13'],
      ['rename category', '/x'],
      ['remove category', '/z/y 13'],
    ],
  )
})

test('a release is retired to the archive, and restored', async (t) => {
  const archive = makeScratch(t)
  const { root: own, browser: alice } = await startFormsAs(
    t,
    'alice',
    { 'torrents/linux/a.torrent': A },
    ['--archive-dir', archive],
  )
  await alice.post('/torrents', { act: 'archive', torrent: '0/linux/a.torrent' })
  assert.deepEqual(filesBelow(archive), ['linux/a.torrent'])
  const { text } = await alice.get('/torrents?in=1%2Flinux')
  assert.match(text, />Restore</)
  await alice.post('/torrents', { act: 'back', torrent: '1/linux/a.torrent' })
  assert.deepEqual(filesBelow(join(own, 'torrents')), ['linux/a.torrent'])
})

test('a category that is not removed does not fill the field of a new one', async (t) => {
  const { browser: alice } = await startFormsAs(t, 'alice', { 'torrents/linux/a.torrent': A })
  const send = (act: string) => {
    return alice.post('/categories', { act, category: '0/linux', parent: '0', name: 'linux' })
  }
  const removed = await send('remove')
  assert.match(removed.text, /is not empty/)
  assert.doesNotMatch(removed.text, /New category/)
  assert.match((await send('create')).text, /New category[^]*?name="name"\s+value="linux"/)
})

test('what was changed is said once, so that a reload repeats nothing', async (t) => {
  const { browser: alice } = await startFormsAs(t, 'alice', {
    'torrents/a.torrent': A,
    'torrents/x/b.torrent': B,
  })
  const told = async (path: string, fields: Fields, message: RegExp) => {
    const { status, location, text } = await alice.post(path, fields)
    assert.equal(status, 303, text)
    assert.match(text, message)
    assert.doesNotMatch((await alice.get(`/${location}`)).text, message)
    return location
  }
  const list: Fields = [
    ['in', '0'],
    ['q', '.torrent'],
  ]
  const chosen = (address: string, act: string): Fields => [
    ...list,
    ['torrent', address],
    ['act', act],
  ]
  const moved: Fields = [...chosen('0/a.torrent', 'move'), ['to', '0/x']]
  assert.equal(await told('/torrents', moved, /1 torrent moved/), 'torrents?in=0&q=.torrent')
  const form = fieldsOf(await alice.post('/torrents', chosen('0/x/a.torrent', 'edit')))
  const edit: Fields = [...form.filter(([name]) => name !== 'comment'), ['comment', 'new']]
  const saved = await told('/edit', [...edit, ['act', 'save']], /1 torrent changed/)
  assert.equal(saved, 'torrents?in=0&q=.torrent')
  await told('/torrents', chosen('0/x/a.torrent', 'delete'), /1 torrent deleted/)
  await told('/torrents', chosen('0/x/a.torrent', 'delete'), /1 torrent\s+was not deleted/)
  await told('/torrents', [...list, ['act', 'delete']], /No torrent was chosen/)
  await told('/bin', [], /No torrent was chosen/)
  await told('/bin', fieldsOf(await alice.get('/bin')), /1 torrent restored/)
})
