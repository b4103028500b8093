import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'node:test'
import { fieldsOf } from '../../../support/visitor.js'
import { startForms, startFormsAs } from '../../../support/admin.js'
import { filesBelow, torrentNamed } from '../../../support/collection.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { makeScratch } from '../../../support/scratch.js'
import { until } from '../../../support/until.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('uploaded torrents are added to a category, and a reload does not repeat it', async (t) => {
  const { root, logIn } = await startForms(t, { 'torrents/linux/readme.txt': '' })
  const bob = await logIn('bob')
  const { status, location, text } = await bob.upload(
    { 'a.torrent': A, 'b.torrent': B },
    { to: '0/linux' },
  )
  assert.deepEqual([status, location], [303, 'upload?to=0%2Flinux'])
  assert.match(text, /2 torrents added\./)
  const links = [...text.matchAll(/<li>\s*<a href="torrents\?in=0%2Flinux&amp;q=(\w)">(\w)</g)]
  assert.deepEqual(
    links.map(([, q, name]) => [q, name]),
    [
      ['a', 'a'],
      ['b', 'b'],
    ],
  )
  assert.doesNotMatch((await bob.get(`/${location}`)).text, /2 torrents added/)
  const below = () => filesBelow(join(root, 'torrents/linux'))
  assert.deepEqual(below(), ['a.torrent', 'b.torrent', 'readme.txt'])
  const again = await bob.upload({ 'a.torrent': A }, { to: '0/linux' })
  assert.match(again.text, /1 torrent was there already\./)
  assert.doesNotMatch(again.text, /added\./)
  await bob.upload({ 'c.torrent': torrentNamed('c') }, { to: '0/linux', name: 'third' })
  assert.equal(below().at(-1), 'third.torrent')
  const alice = await logIn()
  assert.match((await alice.get('/torrents?in=0%2Flinux')).text, /third\.torrent[^]*bob/)
  assert.match((await alice.get('/log')).text, /bob[^]*added[^]*third/)
})

test('a torrent that does not name this tracker is said to, or changed, as the box says', async (t) => {
  const { root, browser: bob } = await startFormsAs(t, 'bob')
  const form = (await bob.get('/upload')).text
  const box = /<input type="checkbox" name="addTracker" checked \/> [^<]*?: (http:[^\s<]+)/.exec(
    form,
  )
  const announce = box?.[1] ?? ''
  assert.match(announce, /^http:\/\/127\.0\.0\.1:\d+\/announce$/)
  const udp = announce.replace('http:', 'udp:')
  const own = torrentOf(singleFileInfo({ name: 'own' }), { announce: udp })
  const elsewhere = torrentOf(singleFileInfo({ name: 'other' }), { announce: 'http://t.example/a' })

  const unchanged = await bob.upload({ 'own.torrent': own, 'other.torrent': elsewhere })
  assert.match(unchanged.text, /do not name this tracker: other\./)
  const file = (name: string) => readFileSync(join(root, 'torrents', name))
  assert.ok(file('other.torrent').equals(elsewhere))

  const none = torrentOf(singleFileInfo({ name: 'none' }))
  const changed = await bob.upload({ 'none.torrent': none }, { addTracker: 'on' })
  assert.match(changed.text, /This tracker was added to none\./)
  const after = parseMetainfo(file('none.torrent'))
  assert.deepEqual([after.announce, after.infoHash], [announce, parseMetainfo(none).infoHash])
  assert.ok(file('own.torrent').equals(own))
})

test('a table shows files before they are added, and each may have its own fields', async (t) => {
  const { root, browser: bob } = await startFormsAs(t, 'bob', { 'torrents/linux/readme.txt': '' })
  const own = torrentOf(singleFileInfo({ name: 'own' }), {
    announce: 'http://t.example/a',
    comment: 'its own words',
  })
  const files = { 'a.torrent': A, 'own.torrent': own, 'bad.torrent': '<html>' }
  const { text } = await bob.upload(files, { act: 'look' })
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['linux/readme.txt'], 'nothing is added')
  assert.match(text, /name="name-0"\s+value="a"/)
  assert.match(text, /name="description-1"[^>]*\splaceholder="its own words"[^>]*>\n</)
  assert.match(text, /name="add-1"\s+aria-label="Add this tracker to own"\s+checked/)
  assert.match(text, /bad\.torrent: not a torrent \(it begins with/)
  assert.match(text, /data-label="Content">[\d.]+ K?i?B</)

  await bob.upload(files, {
    description: 'for all',
    'name-0': 'first',
    'to-0': '0/linux',
    'name-1': 'own',
    'add-1': 'on',
    'description-1': 'only this',
    'name-2': 'bad',
  })
  assert.deepEqual(filesBelow(join(root, 'torrents')), [
    'linux/first.torrent',
    'linux/readme.txt',
    'own.torrent',
  ])
  const read = (path: string) => parseMetainfo(readFileSync(join(root, 'torrents', path)))
  const [first, second] = [read('linux/first.torrent'), read('own.torrent')]
  assert.deepEqual([first.comment, second.comment], ['for all', 'only this'])
  assert.equal(first.infoHash, parseMetainfo(A).infoHash)
  assert.equal(first.announceList, null)
  assert.match(JSON.stringify(second.announceList), /t\.example.*127\.0\.0\.1/)
})

test('two files of one name in the table are added or refused each by itself', async (t) => {
  const { root, browser: bob } = await startFormsAs(t, 'bob')
  const files = { 'a.torrent': A, 'sub/a.torrent': B, 'c.torrent': torrentNamed('c') }
  const { text } = await bob.upload(files, { 'name-0': 'a', 'name-1': 'a', 'name-2': 'b' })
  assert.match(text, /2 torrents added/)
  assert.match(text, /a\.torrent: already exists; choose another name/)
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['a.torrent', 'b.torrent'])
  const { status } = await bob.upload({ 'x.torrent': B, 'y.torrent': A }, { name: 'z' })
  assert.equal(status, 400)
})

test('a torrent under two names is added once, and an edit makes no second one', async (t) => {
  const { root, browser: bob } = await startFormsAs(t, 'bob')
  const { text } = await bob.upload({ 'a.torrent': A, 'b.torrent': A, 'c.torrent': B })
  assert.match(text, /2 torrents added/)
  const [, there = ''] =
    /the same torrent is tracked as a\.torrent.*?href="([^"]+)"/s.exec(text) ?? []
  assert.match((await bob.get(`/${there}`)).text, /value="0\/a\.torrent"/)
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['a.torrent', 'c.torrent'])
  const chosen = ['a', 'c'].map((name) => ['torrent', `0/${name}.torrent`] as const)
  const form = fieldsOf(await bob.post('/torrents', [['act', 'edit'], ...chosen]))
  const edited = await bob.post('/edit', [
    ...form.filter(([name]) => name !== 'name'),
    ['name', 'same'],
    ['act', 'save'],
  ])
  assert.match(edited.text, /the same torrent is tracked/)
})

test('what is no torrent is told in a line', async (t) => {
  const { browser: bob } = await startFormsAs(t, 'bob')
  const { text } = await bob.upload({ 'x.torrent': '<script>alert(1)</script>', 'a.torrent': A })
  assert.match(text, /x\.torrent: not a torrent \(it begins with &quot;&lt;script&gt;/)
  assert.doesNotMatch(text, /<script>alert/)
  assert.match(text, /1 torrent added/)
  assert.match(text, /1 torrent\s+was not added/)
  const none = await bob.upload({})
  assert.equal(none.status, 400)
  assert.match(none.text, /No file was chosen/)
})

test('an upload without the token of the session, or of too much, adds nothing', async (t) => {
  const { root, logIn, browser: bob } = await startFormsAs(t, 'bob')
  const others = await (await logIn()).token()
  for (const token of ['', 'x', others]) {
    const { status } = await bob.upload({ 'a.torrent': A }, { token })
    assert.equal(status, 403)
  }
  const many = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`${i}.torrent`, A]))
  const { status, text } = await bob.upload(many)
  assert.equal(status, 422)
  assert.match(text, /At most 500 torrents/)
  assert.deepEqual(filesBelow(join(root, 'torrents')), [])
})

test('an upload of more than 64 MiB, beside what is around its files, is refused before it is sent', async (t) => {
  const { pages, visitor } = await startForms(t)
  const browser = visitor()
  await browser.logIn('bob', 'staple of the uploader')
  const { hostname, port, host } = new URL(pages)
  const socket = connect(Number(port), hostname)
  const head = [
    ...['POST /upload HTTP/1.1', `Host: ${host}`, `Cookie: ${browser.cookie}`],
    ...[
      'Content-Type: multipart/form-data; boundary=x',
      `Content-Length: ${65 * 2 ** 20 + 1}`,
      '',
      '',
    ],
  ]
  socket.write(head.join('\r\n'))
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (data) => {
      resolve(String(data))
    })
  })
  socket.destroy()
  assert.match(answer, /^HTTP\/1\.1 413 /)
})

test('an upload that is broken off is no internal error, and leaves nothing', async (t) => {
  const { root, pages, visitor, tracker, browser: bob } = await startFormsAs(t, 'bob')
  const browser = visitor()
  await browser.logIn('bob', 'staple of the uploader')
  const { hostname, port, host } = new URL(pages)
  const head = [
    ...['POST /upload HTTP/1.1', `Host: ${host}`, `Cookie: ${browser.cookie}`],
    ...['Content-Type: multipart/form-data; boundary=x', 'Content-Length: 100000', '', ''],
  ]
  const part = (field: string, value: string) =>
    `--x\r\nContent-Disposition: form-data; ${field}\r\n\r\n${value}`
  const token = part('name="token"', `${await browser.token('/torrents')}\r\n`)
  for (const body of ['', token, token + part('name="files"; filename="a.torrent"', 'd4:info')]) {
    const socket = connect(Number(port), hostname)
    socket.write(head.join('\r\n') + body)
    await until('the upload begins', async () => (await bob.upload({})).status === 503)
    socket.destroy()
    await until('it has ended', async () => (await bob.upload({})).status === 400)
  }
  assert.deepEqual(filesBelow(join(root, 'torrents')), [])
  await tracker.stop()
  assert.doesNotMatch(tracker.stderr.text, /error|abort/)
})

test('an upload whose form is broken is refused in words, and is no internal error', async (t) => {
  const { root, pages, visitor, tracker } = await startForms(t)
  const browser = visitor()
  await browser.logIn('bob', 'staple of the uploader')
  const token = await browser.token('/torrents')
  const whole = `--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n${token}\r\n`
  const send = async (type: string, body: string | Buffer, headers = {}) => {
    const own = { 'Content-Type': type, Cookie: browser.cookie, ...headers }
    const answer = await fetch(`${pages}/upload`, { method: 'POST', headers: own, body })
    return `${answer.status} ${/role="alert">([^<:]+)/.exec(await answer.text())?.[1]}`
  }
  const type = 'multipart/form-data; boundary=x'
  for (const answer of [
    await send(type, whole),
    await send(type, '\r\n--'.repeat(1000)),
    await send(type, `--x\r\nA: ${'b'.repeat(3000)}\r\n\r\n`),
    await send('multipart/form-data', whole),
    await send(`multipart/form-data; boundary=${'x'.repeat(5000)}`, whole),
    await send(type, gzipSync(`${whole}--x--\r\n`), { 'Content-Encoding': 'gzip' }),
  ])
    assert.equal(answer, '400 the upload is broken')
  assert.deepEqual(filesBelow(join(root, 'torrents')), [])
  await tracker.stop()
  assert.doesNotMatch(tracker.stderr.text, /error/)
})

test('a refused upload does not let the next one in while the first is under way', async (t) => {
  const { root, pages, visitor, browser: bob } = await startFormsAs(t, 'bob')
  const browser = visitor()
  await browser.logIn('bob', 'staple of the uploader')
  const { hostname, port, host } = new URL(pages)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  const fields = ['Content-Type: multipart/form-data; boundary=x', 'Content-Length: 100000']
  const head = ['POST /upload HTTP/1.1', `Host: ${host}`, `Cookie: ${browser.cookie}`, ...fields]
  socket.write([...head, '', ''].join('\r\n'))
  await until('the upload begins', async () => (await bob.upload({})).status === 503)
  for (let i = 0; i < 3; i++) assert.equal((await bob.upload({ 'a.torrent': A })).status, 503)
  assert.deepEqual(filesBelow(join(root, 'torrents')), [])
  socket.destroy()
  await until('it has ended', async () => (await bob.upload({})).status === 400)
})

for (const [args, isTold] of [
  [[], false],
  [['--catalogue', 'off'], true],
  [['--no-show-infopage'], true],
  [['--no-show-names'], true],
] as const) {
  const what = args.join(' ') || 'shows its torrents'
  test(`a public torrent is ${isTold ? '' : 'not '}told in a tracker with ${what}`, async (t) => {
    const { logIn } = await startForms(t, {}, args)
    const bob = await logIn('bob')
    const hidden = torrentOf({ ...singleFileInfo({ name: 'hidden' }), private: 1 })
    const { text } = await bob.upload({ 'a.torrent': A, 'hidden.torrent': hidden })
    const told =
      /Not private, so that clients also find strangers, by the DHT and by each other: a\./
    assert.equal(told.test(text), isTold, text)
    const data = makeScratch(t, { film: 'f' })
    const made = await startForms(t, {}, [
      ...args,
      '--make-from',
      data,
      '--public-url',
      'http://t.example/',
    ])
    const form = (await (await made.logIn('bob')).get('/make')).text
    assert.equal(/name="private" checked/.test(form), isTold)
    assert.match(form, /name="private"/)
  })
}
