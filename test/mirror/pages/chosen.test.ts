import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const FILES = { 'pub/a': 'aaa', 'pub/b': 'bb', 'pub/c [1]*': 'c', 'pub/d/x': 'x', 'pub/d/y': 'y' }

/** The address of the chosen entries, as the form of the page sends them. */
function chosen(view: string, ...names: string[]): string {
  const fields = names.map((name) => `f=${encodeURIComponent(name).replaceAll('%20', '+')}`)
  return `/pub/?${[...fields, `${view}=`].join('&')}`
}

test('files and folders can be chosen for one torrent, which is that of makemetafile', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { status, headers, body } = await ask(port, chosen('torrent', 'c [1]*', 'd', 'a'))
  assert.equal(status, 200)
  assert.match(String(headers['content-disposition']), /pub\.torrent/)
  const { 'pub/b': _, ...files } = FILES
  const directory = makeScratch(t, files)
  const target = join(directory, 'made.torrent')
  const made = await runBtkit([
    ...['makemetafile', join(directory, 'pub'), '--trackerless', '--output', target, '--json'],
    '--no-cache',
  ])
  const { infoHash } = JSON.parse(made.stdout) as { infoHash: string }
  assert.equal(independentInfoHash(body), infoHash)
  // Clients add the name and the paths
  const host = `http://127.0.0.1:${port}/`
  assert.deepEqual([decodeTorrent(body)['url-list']].flat(), [host])
})

test('another choice gets another torrent, also from memory', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const hashes = new Map<string, string>()
  for (let round = 0; round < 3; round++) {
    for (const names of [['a'], ['b'], ['a', 'b']]) {
      const { body } = await ask(port, chosen('torrent', ...names))
      const hash = independentInfoHash(body)
      assert.equal(hashes.get(names.join()) ?? hash, hash)
      hashes.set(names.join(), hash)
    }
    assert.equal(independentInfoHash((await ask(port, '/pub/?torrent')).body).length, 40)
  }
  assert.equal(new Set(hashes.values()).size, 3)
})

test('the magnet link of a choice names the address of its torrent', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { body } = await ask(port, chosen('magnet', 'a', 'b'))
  const link = new URL(body.toString().trim())
  const source = new URL(link.searchParams.get('xs') ?? '')
  const torrent = await ask(port, source.pathname + source.search)
  assert.equal(link.searchParams.get('xt'), `urn:btih:${independentInfoHash(torrent.body)}`)
})

test('a choice has a list of addresses for programs', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { headers, body } = await ask(port, chosen('list', 'a', 'c [1]*'))
  assert.match(String(headers['content-type']), /^text\/plain/)
  const base = `http://127.0.0.1:${port}/pub`
  assert.equal(body.toString(), `${base}/a\n${base}/c%20%5B1%5D*\n`)
})

test('a choice that is wrong is refused in one line', async (t) => {
  const { port } = await serveMirror(t, {
    files: { ...FILES, 'pub/.hidden': 'h', 'pub/b\\s': 's' },
  })
  for (const [path, status, line] of [
    [chosen('torrent', 'a', 'gone'), 404, /^\/pub\/gone: not found\n$/],
    [chosen('torrent', '../pub'), 400, /encoded slash/],
    [chosen('list'), 400, /no file is chosen/],
    [chosen('list', 'a', 'gone'), 404, /^\/pub\/gone: not found\n$/],
    [chosen('list', '..'), 404, /^\/pub\/\.\.: not found\n$/],
    [chosen('list', ''), 404, /^\/pub\/: not found\n$/],
    [chosen('list', 'b\\s'), 404, /^\/pub\/b\\s: not found\n$/],
    [chosen('list', '.hidden'), 404, /^\/pub\/\.hidden: not found\n$/],
    [chosen('list', 'a').replace('pub', 'none'), 404, /^\/none\/a: not found\n$/],
    [`/pub/?torrent&${'f=a&'.repeat(1001)}`, 400, /at most 1000 files/],
    [chosen('torrent', '.'), 404, /not found/],
  ] as const) {
    const answer = await ask(port, path)
    assert.equal(answer.status, status, path.slice(0, 60))
    assert.match(answer.body.toString(), line)
  }
})
