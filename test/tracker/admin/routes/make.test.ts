import assert from 'node:assert/strict'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { resolveSource } from '../../../../src/tracker/admin/routes/make.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { startForms, startFormsAs } from '../../../support/admin.js'
import { followJob } from '../../../support/visitor.js'
import { filesBelow, torrentNamed } from '../../../support/collection.js'
import { makeScratch, plantLinks } from '../../../support/scratch.js'
import { longTest } from '../../../support/long.js'

async function plant(t: TestContext) {
  const data = makeScratch(t, { 'film/a.bin': 'a'.repeat(1e5), 'film/b.bin': 'b', 'secret/c': 'c' })
  const started = await startForms(t, { 'torrents/x/taken.torrent': torrentNamed('t') }, [
    ...['--make-from', data, '--public-url', 'http://t.example/'],
  ])
  return { ...started, data }
}

longTest('a torrent is made of files below a named directory, and tracked', async (t) => {
  const { root, data, logIn } = await plant(t)
  const bob = await logIn('bob')
  assert.match((await bob.get('/make')).text, /http:\/\/t\.example\/announce/)
  const fields = [
    ['path', join(data, 'film')],
    ['to', '0/x'],
    ['trackers', 'http://t.example/announce'],
  ] as const
  const preview = await bob.post('/make', [...fields, ['act', 'plan']])
  assert.match(preview.text, /Preview: film[^]*2 files/)
  const { status, location } = await bob.post('/make', [...fields, ['act', 'make']])
  assert.equal(status, 303)
  assert.match((await followJob(bob, `/${location}`)).text, /film\.torrent is tracked/)
  const made = parseMetainfo(readFileSync(join(root, 'torrents/x/film.torrent')))
  assert.deepEqual(
    [made.name, made.size, made.announce],
    ['film', 100_001, 'http://t.example/announce'],
  )
  const again = await bob.post('/make', [...fields, ['act', 'make']])
  assert.match(again.text, /film\.torrent: already exists/)
})

test('thousands of globs are refused, as each is compared with each file', async (t) => {
  const { data, logIn } = await plant(t)
  const { status, text } = await (
    await logIn('bob')
  ).post('/make', {
    path: join(data, 'film'),
    to: '0/x',
    trackers: 'http://t.example/announce',
    exclude: Array.from({ length: 101 }, (_, i) => `*a*x${i}`).join(' '),
    act: 'plan',
  })
  assert.equal(status, 400)
  assert.match(text, /At most 100 globs are left out; use braces in them/)
})

longTest('the picker and the path stay below the named directories', async (t) => {
  const { root, data, logIn } = await plant(t)
  symlinkSync(root, join(data, 'out'))
  const bob = await logIn('bob')
  for (const at of ['/', '/etc', join(data, '..'), join(data, 'out'), '~', `${data}/../`]) {
    const { text } = await bob.post('/make', { choose: 'path', at })
    assert.match(text, /Choose a file or folder[^]*film\//, at)
    assert.doesNotMatch(text, /torrents\/|users|passwd/, at)
  }
  for (const path of [
    '/etc/passwd',
    join(data, 'out/users'),
    '../users',
    '',
    '~/x',
    `${data}/..`,
    'a\0',
  ]) {
    const { status } = await bob.post('/make', { path, to: '0', act: 'make' })
    assert.equal(status, 400, path)
  }
  const outputs = ['../x', '/tmp/x', 'taken', '.x']
  for (const output of outputs) {
    const { status } = await bob.post('/make', { path: 'film', to: '0/x', output, act: 'make' })
    assert.equal(status, 400, output)
  }
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['x/taken.torrent'])
})

test('a link below a named directory does not lead out of it', async (t) => {
  const root = makeScratch(t, { 'data/in/f': '', 'secret/g': '' })
  const data = join(root, 'data')
  plantLinks(data, { link: join(root, 'secret'), near: join(data, 'in') })
  assert.equal(await resolveSource([data], 'near/f'), join(data, 'in/f'))
  for (const path of ['link', 'link/g', join(root, 'secret')])
    await assert.rejects(resolveSource([data], path), { code: 'not-found' })
})

test('without a public URL, torrents name the address of this machine', async (t) => {
  const data = makeScratch(t, { a: 'a' })
  const { tracker, browser: alice } = await startFormsAs(t, 'alice', {}, ['--make-from', data])
  const announce = `${tracker.address}/announce`
  assert.ok((await alice.get('/make')).text.includes(announce))
  assert.ok((await alice.get('/')).text.includes(`>${announce}</code>`))
})

test('a public torrent that a tracker without a catalogue makes is told', async (t) => {
  const data = makeScratch(t, { film: 'f' })
  const { logIn } = await startForms(t, {}, ['--catalogue', 'off', '--make-from', data])
  const bob = await logIn('bob')
  const fields = { path: join(data, 'film'), to: '0', trackers: 'http://t.example/announce' }
  for (const [isPrivate, more] of [
    [true, { private: 'on' }],
    [false, { output: 'public' }],
  ] as const) {
    const { location } = await bob.post('/make', { ...fields, ...more, act: 'make' })
    const { text } = await followJob(bob, `/${location}`)
    assert.match(text, /is tracked/)
    assert.equal(text.includes('Not private: clients also find strangers'), !isPrivate)
  }
})
