import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { lookAt } from '../../src/gui/look.js'
import { openTestGui } from '../support/gui.js'

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
