import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fieldsOf, startForms } from '../../support/admin-forms.js'
import { filesBelow, torrentNamed } from '../../support/collection.js'
import { until } from '../../support/until.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('uploaded torrents are shown, then kept in a category, and tracked', async (t) => {
  const { root, logIn } = await startForms(t, { 'torrents/linux/readme.txt': '' })
  const bob = await logIn('bob')
  const { status, location } = await bob.upload({ 'a.torrent': A, 'b.torrent': B })
  assert.deepEqual([status, location], [303, 'upload'])
  const shown = await bob.get('/upload')
  assert.match(shown.text, /2 torrents not tracked yet/)
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['linux/readme.txt'])
  const alice = await logIn()
  assert.doesNotMatch((await alice.get('/upload')).text, /not tracked yet/)
  const kept = await bob.post('/waiting', [
    ...([
      ['act', 'keep'],
      ['to', '0/linux'],
    ] as const),
    ...([
      ['keep', 'a.torrent'],
      ['as a.torrent', 'first'],
    ] as const),
  ])
  assert.match(kept.text, /1 torrent kept/)
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['linux/first.torrent', 'linux/readme.txt'])
  await bob.post('/waiting', [
    ['act', 'discard'],
    ['keep', 'b.torrent'],
  ])
  assert.doesNotMatch((await bob.get('/upload')).text, /b\.torrent/)
  assert.match((await alice.get('/torrents?in=0%2Flinux')).text, /first\.torrent[^]*bob/)
  assert.match((await alice.get('/log')).text, /bob[^]*add[^]*first\.torrent/)
})

test('a torrent under two names is kept once, and an edit makes no second one', async (t) => {
  const { root, logIn } = await startForms(t)
  const bob = await logIn('bob')
  await bob.upload({ 'a.torrent': A, 'b.torrent': A, 'c.torrent': B })
  const { text } = await bob.post('/waiting', [
    ['act', 'keep'],
    ['to', '0'],
    ...['a', 'b', 'c'].map((name) => ['keep', `${name}.torrent`] as const),
  ])
  assert.match(text, /2 torrents kept/)
  assert.match(text, /the same torrent is tracked as a\.torrent/)
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
  const { logIn } = await startForms(t)
  const bob = await logIn('bob')
  const { status, text } = await bob.upload({
    'x.torrent': '<script>alert(1)</script>',
    'a.torrent': A,
  })
  assert.equal(status, 400)
  assert.match(text, /x\.torrent: not a torrent \(it begins with &quot;&lt;script&gt;/)
  assert.doesNotMatch(text, /<script>alert/)
  assert.match(text, /1 torrent not tracked yet/)
  assert.match((await bob.upload({})).text, /No file was chosen/)
})

test('an upload without the token of the session stores nothing', async (t) => {
  const { root, logIn } = await startForms(t)
  const bob = await logIn('bob')
  const others = await (await logIn()).token()
  for (const token of ['', 'x', others]) {
    const { status } = await bob.upload({ 'a.torrent': A }, token)
    assert.equal(status, 403)
  }
  assert.deepEqual(
    filesBelow(join(root, 'state')).filter((name) => name.includes('uploads')),
    [],
  )
})

test('501 files are refused, and nothing of them is kept', async (t) => {
  const { root, logIn } = await startForms(t)
  const bob = await logIn('bob')
  const many = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`${i}.torrent`, A]))
  const { status, text } = await bob.upload(many)
  assert.equal(status, 400)
  assert.match(text, /at most 500 torrents/)
  assert.deepEqual(
    filesBelow(join(root, 'state')).filter((name) => name.includes('uploads')),
    [],
  )
})

test('an upload of a gigabyte is refused before it is sent', async (t) => {
  const { root, pages, visitor } = await startForms(t)
  const browser = visitor()
  await browser.logIn('bob', 'staple of the uploader')
  const { hostname, port, host } = new URL(pages)
  const socket = connect(Number(port), hostname)
  const head = [
    ...['POST /upload HTTP/1.1', `Host: ${host}`, `Cookie: ${browser.cookie}`],
    ...['Content-Type: multipart/form-data; boundary=x', `Content-Length: ${2 ** 30}`, '', ''],
  ]
  socket.write(head.join('\r\n'))
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (data) => {
      resolve(String(data))
    })
  })
  socket.destroy()
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.deepEqual(
    filesBelow(join(root, 'state')).filter((name) => name.includes('uploads')),
    [],
  )
})

test('an upload that is broken off is no internal error, and leaves nothing', async (t) => {
  const { root, pages, visitor, tracker } = await startForms(t)
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
  const arriving = () =>
    readdirSync(join(root, 'state'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /uploads\/\w+\/\./.test(name),
    )
  for (const body of ['', token, token + part('name="files"; filename="a.torrent"', 'd4:info')]) {
    const socket = connect(Number(port), hostname)
    socket.write(head.join('\r\n') + body)
    await until('the upload begins', () => arriving().length > 0)
    socket.destroy()
    await until('nothing of it is left', () => arriving().length === 0)
  }
  await tracker.stop()
  assert.doesNotMatch(tracker.stderr.text, /error|abort/)
})
