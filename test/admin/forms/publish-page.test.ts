import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeTorrent } from '../../../src/library/make.js'
import { followJob, startForms, type Fields } from '../../support/admin-forms.js'
import { startFakeTransmission } from '../../support/fake-transmission.js'
import { makeScratch } from '../../support/scratch.js'

async function plant(t: TestContext) {
  const data = makeScratch(t, { 'film/a.bin': 'a'.repeat(1e5) })
  const { bytes, infoHash } = await makeTorrent(join(data, 'film'))
  const client = await startFakeTransmission(t, [{ hashString: infoHash ?? '', name: 'film' }])
  const files = { 'torrents/film.torrent': bytes }
  const started = await startForms(t, files, ['--make-from', data, '--client', client])
  const chosen: Fields = [
    ['torrent', '0/film.torrent'],
    ['client', client],
    ['path', data],
  ]
  return { ...started, data, client, chosen }
}

test('a torrent is published to a client after its files were checked, and withdrawn', async (t) => {
  const { data, logIn, chosen } = await plant(t)
  const alice = await logIn()
  const form = await alice.post('/torrents', [['act', 'publish'], ...chosen])
  assert.match(form.text, /Publish to a client/)
  const unset = await alice.post('/torrents', [['act', 'publish'], ...chosen.slice(0, 1)])
  assert.ok(unset.text.includes(`value="${data}"`))
  const send = async (act: string) =>
    (await followJob(alice, (await alice.post('/publish', [['act', act], ...chosen])).location))
      .text
  assert.match(await send('publish'), /film\.torrent[^]*the client seeds it already/)
  assert.match(await send('withdraw'), /film\.torrent[^]*withdrawn; its files stay/)
  writeFileSync(join(data, 'film/a.bin'), 'b'.repeat(1e5))
  // The reason does not name the torrent again
  assert.match(
    await send('publish'),
    /film\.torrent<\/span>: <span class="bad">its data is not whole/,
  )
  assert.match((await alice.get('/log')).text, /withdraw[^]*publish/)
})

test('torrents of several directories below the named one are published together', async (t) => {
  const data = makeScratch(t, {
    'films/film/a.bin': 'a'.repeat(1e5),
    'music/new/song.bin': 'b'.repeat(1e5),
    // Of another size
    'song.bin': 'c',
  })
  const made = [
    await makeTorrent(join(data, 'films/film')),
    await makeTorrent(join(data, 'music/new/song.bin')),
  ]
  const names = ['film', 'song.bin']
  const client = await startFakeTransmission(
    t,
    made.map(({ infoHash }, i) => ({ hashString: infoHash ?? '', name: names[i] ?? '' })),
  )
  const files = Object.fromEntries(
    made.map(({ bytes }, i) => [`torrents/part-${i}/${names[i]}.torrent`, bytes]),
  )
  const { logIn } = await startForms(t, files, ['--make-from', data, '--client', client])
  const alice = await logIn()
  const { location } = await alice.post('/publish', [
    ['act', 'publish'],
    ['torrent', '0/part-0/film.torrent'],
    ['torrent', '0/part-1/song.bin.torrent'],
    ['client', client],
    ['path', data],
  ])
  const { text } = await followJob(alice, location)
  assert.equal(text.match(/the client seeds it already/g)?.length, 2)
})

test('files outside of the named directories, other clients and others are refused', async (t) => {
  const { root, logIn, chosen, client } = await plant(t)
  const [alice, bob] = [await logIn(), await logIn('bob')]
  const [torrent, , path] = chosen as [Fields[0], Fields[0], Fields[0]]
  for (const odd of [
    [torrent, ['client', client], ['path', root]],
    [torrent, ['client', 'transmission+http://127.0.0.1:1'], path],
    [['torrent', '0/../x.torrent'], ['client', client], path],
  ] as Fields[]) {
    assert.equal((await alice.post('/publish', [['act', 'publish'], ...odd])).status, 400)
  }
  assert.match(
    (await bob.post('/publish', [['act', 'withdraw'], ...chosen])).text,
    /may not do this/,
  )
})
