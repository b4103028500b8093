import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTHING, type FilesWanted } from '../../../../src/page-parts/results.js'
import { html } from '../../../../src/base/text/html.js'
import { pagesOf, torrentNamed } from './site.js'

const debian = torrentNamed('debian-13.iso')
const other = torrentNamed('debian-12.iso')
const TORRENTS = { 'linux/a.torrent': debian.bytes, 'linux/b.torrent': other.bytes }

/** The address and the value of the search of a page. */
function searchOf(page: string): string {
  const [, action] = /action="([^"]*)"[^]*?id="search"/.exec(page) ?? []
  const [, value] = /id="search"[^]*?value="([^"]*)"/.exec(page) ?? []
  return `${action} ${value}`
}

test('each page of a tracker has the search of its catalogue, and the script of its key', async (t) => {
  const { ask } = await pagesOf(t, { torrents: TORRENTS })
  for (const [path, query, search] of [
    ['/index.html', '', 'catalogue/ '],
    ['/catalogue/', 'q=debian', '../catalogue/ debian'],
    ['/catalogue/linux/', 'q=debian', '../../catalogue/ '],
    ['/torrent', `info_hash=${debian.hash}`, 'catalogue/ '],
    ['/no/where', '', '../catalogue/ '],
  ] as const) {
    const { text, headers } = await ask(path, query, true)
    assert.equal(searchOf(text), search, path)
    assert.match(text, /<script>[^]*#search/, path)
    assert.match(headers['Content-Security-Policy'] ?? '', /script-src 'sha256-/, path)
  }
  const open = await pagesOf(t, { isOpen: true })
  assert.equal(searchOf((await open.ask('/', 'q=ab')).text), 'index.html ab')
})

test('beside a mirror, one search finds its files and the torrents', async (t) => {
  const asked: FilesWanted[] = []
  const files = (wanted: FilesWanted) => {
    asked.push(wanted)
    const table = html`<table id="files"></table>`
    return Promise.resolve({ ...NOTHING, table, count: 1, places: new Set<string>() })
  }
  const mirror = { url: 'https://m.example/pub/', hasFiles: true, search: { files } }
  const { ask, search } = await pagesOf(t, { torrents: TORRENTS, options: { mirror } })
  assert.equal(searchOf((await ask('/index.html')).text), '-/search ')
  const { status, text } = await ask('/-/search', 'q=Debian+13')
  assert.equal(status, 200)
  assert.equal(searchOf(text), '../-/search Debian 13')
  const [wanted] = asked
  assert.deepEqual(wanted?.words, ['debian', '13'])
  assert.equal(wanted.root, 'https://m.example/pub/')
  assert.match(
    text,
    /<h1>1 file and 1 torrent with “Debian 13”<\/h1>[^]*<h2>Files<\/h2>\s*<table id="files">/,
  )
  assert.match(
    text,
    /<h2>Torrents<\/h2>[^]*href="\.\.\/torrent\?info_hash=[^]*><mark>debian<\/mark>-<mark>13<\/mark>\.iso</,
  )
  assert.doesNotMatch(text, /debian-12/)
  // The page of the mirror has the same torrents
  const { signal } = new AbortController()
  const from = { root: 'http://t.example/', except: new Set<string>(), signal }
  const { count, table } = await search({ words: ['debian'], ...from })
  assert.equal(count, 2)
  assert.match(table?.text ?? '', /href="http:\/\/t\.example\/torrent\?info_hash=/)
})

test('a search of which many torrents have the words leads to the catalogue', async (t) => {
  const many = Array.from({ length: 130 }, (_, i) => torrentNamed(`many-${i}.iso`).bytes)
  const torrents = Object.fromEntries(many.map((bytes, i) => [`${i}.torrent`, bytes]))
  const { search } = await pagesOf(t, { torrents })
  const { signal } = new AbortController()
  const from = { root: 'http://t.example/', except: new Set<string>(), signal }
  const { count, isCut, note } = await search({ words: ['many', 'iso'], ...from })
  assert.deepEqual([count, isCut], [100, true])
  assert.match(
    note?.text ?? '',
    /href="http:\/\/t\.example\/catalogue\/\?sort=name&amp;q=many\+iso"/,
  )
})

test('the search of torrents ends when its client leaves', async (t) => {
  const { search } = await pagesOf(t, { torrents: TORRENTS })
  const gone = new AbortController()
  gone.abort(new Error('gone'))
  const from = { root: '../', except: new Set<string>(), signal: gone.signal }
  await assert.rejects(search({ words: ['debian'], ...from }), /gone/)
})
