import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { lookAt } from '../../../src/pages/gui/look.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { openTestGui } from '../../support/gui.js'

test('a torrent is shown with its facts, magnet link, findings and files', async (t) => {
  const { root, get, send, pages } = await openTestGui(t, { 'tree/a <b>': 'x', 'tree/sub/c': 'yy' })
  const trackers = 'http://t.example/announce\nhttp://u.example'
  await send('make', {
    act: 'make',
    path: 'tree',
    trackers,
    comment: '<i>hello</i>',
    private: 'on',
  })
  const torrent = join(root, 'tree.torrent')
  const { infoHash } = parseMetainfo(readFileSync(torrent))
  const body = new URLSearchParams({ act: 'look', torrent: 'tree.torrent' })
  const sent = await fetch(new URL('look', pages), { method: 'POST', body, redirect: 'manual' })
  assert.deepEqual([sent.status, sent.headers.get('Location')], [303, lookAt(torrent)])
  const { status, text } = await get(lookAt(torrent))
  assert.equal(status, 200)
  for (const shown of [
    infoHash ?? '',
    'magnet:?xt=urn:btih:',
    '3 B',
    'http://u.example',
    'has no path; most trackers have /announce',
    'note: no source tag: on another tracker, this torrent would have the same info hash',
    '&lt;i&gt;hello&lt;/i&gt;',
    'a &lt;b&gt;',
    '<span>sub/</span>',
    'peers come from its trackers only',
  ])
    assert.ok(text.includes(shown), shown)
})

test('a file that is no torrent, or not there, is said above the form', async (t) => {
  const { send } = await openTestGui(t, { 'a.txt': 'hello' })
  const wrong = await send('look', { act: 'look', torrent: 'a.txt' })
  assert.match(wrong.text, /not a torrent/)
  assert.match(wrong.text, /value="a\.txt"/)
  const gone = await send('look', { act: 'look', torrent: 'b.torrent' })
  assert.match(gone.text, /b\.torrent: no such file/)
})

test('what is dropped is found by its name and size, and a torrent by its bytes', async (t) => {
  const { root, get, pages } = await openTestGui(t, { 'disc.iso': 'x', 'folder/a': 'aa' })
  const drop = async (fields: Record<string, string>, body = '') => {
    const url = `${pages}dropped?${new URLSearchParams(fields).toString()}`
    const headers = { 'Content-Type': 'application/octet-stream' }
    const answer = await fetch(url, { method: 'POST', headers, body })
    return answer.ok ? ((await answer.json()) as { path: string | null }).path : answer.status
  }
  assert.equal(await drop({ name: 'disc.iso', size: '1' }), join(root, 'disc.iso'))
  assert.equal(await drop({ name: 'disc.iso', size: '2' }), null)
  assert.equal(await drop({ name: 'folder' }), join(root, 'folder'))
  assert.equal(await drop({ name: '../x', size: '1' }), 400)
  const torrent = torrentOf(singleFileInfo({ name: 'elsewhere' }))
  const text = Buffer.from(torrent).toString('latin1')
  const size = String(torrent.length)
  const kept = String(await drop({ name: 'e.torrent', size }, text))
  assert.equal(await drop({ name: 'é'.repeat(200), size }, text), 400)
  assert.match(kept, /btkit-gui-.*\/dropped-\w+\/e\.torrent$/)
  assert.match((await get(lookAt(kept))).text, /<dd>elsewhere<\/dd>/)
  writeFileSync(join(root, 'e.torrent'), torrent)
  assert.equal(await drop({ name: 'e.torrent', size }, text), join(root, 'e.torrent'))
  rmSync(dirname(dirname(kept)), { recursive: true })
  assert.equal(await drop({ name: 'f.torrent', size }, text), 404)
})
