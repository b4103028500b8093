import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { type PlainDict, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const A = 'http://a.example/'
const B = 'http://b.example/'
const torrent = (beside: PlainDict) => torrentOf(singleFileInfo(), beside)

test("BitTornado's name prints the seeds that were there", async (t) => {
  const root = makeScratch(t, {
    list: torrent({ httpseeds: [B, A] }),
    text: torrent({ httpseeds: B }),
    bare: torrent({}),
  })
  const files = ['list', 'text', 'bare'].map((name) => join(root, name))
  const legacy = { program: 'btsethttpseeds', subcommand: 'sethttpseeds' }
  const { status, stdout, stderr } = await runBtkit([`${A}|${B}`, ...files], legacy)
  const old = [`${B}|${A}`, B].map((seeds, i) => `old http-seed list for ${files[i]}: ${seeds}\n`)
  assert.deepEqual([status, stdout, stderr], [0, old.join(''), ''])
  const expected = Buffer.from(torrent({ httpseeds: [A, B] }))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
})

test('sethttpseeds sets seeds, and prints old and new ones', async (t) => {
  const files = { list: torrent({ httpseeds: [B, A] }), text: torrent({ httpseeds: B }) }
  const root = makeScratch(t, { ...files, bare: torrent({}) })
  const paths = ['list', 'text', 'bare'].map((name) => join(root, name))
  const { status, stdout, stderr } = await runBtkit(['sethttpseeds', `${A}|${B}`, ...paths])
  const lines = paths.flatMap((path, i) => {
    const old = [`${B}|${A}`, B][i]
    const first = old === undefined ? [] : [`old HTTP seeds for ${path}: ${old}`]
    return [`changed ${path}`, ...first, `new HTTP seeds for ${path}: ${A}|${B}`]
  })
  assert.equal(stdout, lines.map((line) => `${line}\n`).join(''))
  assert.equal(status, 0)
  assert.match(stderr, /(^|\n)btkit: 3 of 3 torrents changed\n$/)
  const expected = Buffer.from(torrent({ httpseeds: [A, B] }))
  for (const path of paths) assert.deepEqual(readFileSync(path), expected)
})

test('sethttpseeds: 0 and an empty text remove them', async (t) => {
  for (const none of ['0', '']) {
    const path = join(makeScratch(t, { a: torrent({ httpseeds: [A] }) }), 'a')
    const { stdout } = await runBtkit(['sethttpseeds', none, path])
    assert.equal(stdout, `changed ${path}\nold HTTP seeds for ${path}: ${A}\n`)
    assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
  }
})

test('sethttpseeds: a comma before an address separates two', async (t) => {
  const path = join(makeScratch(t, { a: torrent({}) }), 'a')
  await runBtkit(['sethttpseeds', `${A}?a,b,${B}`, path])
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({ httpseeds: [`${A}?a,b`, B] })))
})

test('sethttpseeds: the URLs may stand behind the torrents', async (t) => {
  const paths = ['a', 'b'].map((name) => join(makeScratch(t, { [name]: torrent({}) }), name))
  assert.equal((await runBtkit(['sethttpseeds', ...paths, `${A}|${B}`])).status, 0)
  for (const path of paths)
    assert.deepEqual(readFileSync(path), Buffer.from(torrent({ httpseeds: [A, B] })))
  assert.equal((await runBtkit(['sethttpseeds', paths[0]!, '0'])).status, 2)
})

test('sethttpseeds: wrong usage touches no file', async (t) => {
  const path = join(makeScratch(t, { a: torrent({}) }), 'a')
  for (const args of [[`${A}|x`, path], [path], ['x', path], [A], []]) {
    const { status, stdout } = await runBtkit(['sethttpseeds', ...args])
    assert.deepEqual([status, stdout], [2, ''])
  }
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
})

test('sethttpseeds ignores seeds of the defaults, which are for new torrents', async (t) => {
  const defaults = `defaults: {http-seed: ${A}}\n`
  const root = makeScratch(t, { a: torrent({}), config: defaults })
  const args = ['--config', join(root, 'config'), B, join(root, 'a')]
  assert.equal((await runBtkit(['sethttpseeds', ...args])).status, 0)
  assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(torrent({ httpseeds: [B] })))
})
