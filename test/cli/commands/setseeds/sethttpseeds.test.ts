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
const LEGACY = { program: 'btsethttpseeds', subcommand: 'sethttpseeds' }

test("seeds are set, and BitTornado's name prints those that were there", async (t) => {
  const root = makeScratch(t, {
    list: torrent({ httpseeds: [B, A] }),
    text: torrent({ httpseeds: B }),
    bare: torrent({}),
  })
  const files = ['list', 'text', 'bare'].map((name) => join(root, name))
  const { status, stdout, stderr } = await runBtkit([`${A}|${B}`, ...files], LEGACY)
  assert.equal(
    stdout,
    `old http-seed list for ${files[0]}: ${B}|${A}\n` +
      `old http-seed list for ${files[1]}: ${B}\n`,
  )
  assert.deepEqual([status, stderr], [0, ''])
  const expected = Buffer.from(torrent({ httpseeds: [A, B] }))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
})

for (const none of ['0', '']) {
  test(`'${none}' removes them`, async (t) => {
    const path = join(makeScratch(t, { a: torrent({ httpseeds: [A] }) }), 'a')
    const { stdout } = await runBtkit(['sethttpseeds', none, path])
    assert.equal(stdout, `changed ${path}\nold HTTP seeds for ${path}: ${A}\n`)
    assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
  })
}

test('a comma before an address parts two', async (t) => {
  const path = join(makeScratch(t, { a: torrent({}) }), 'a')
  await runBtkit(['sethttpseeds', `${A}?a,b,${B}`, path])
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({ httpseeds: [`${A}?a,b`, B] })))
})

test('an address that is none is wrong usage before a file is touched', async (t) => {
  const path = join(makeScratch(t, { a: torrent({}) }), 'a')
  for (const args of [[`${A}|x`, path], [path], ['x', path], [A], []]) {
    const { status, stdout } = await runBtkit(['sethttpseeds', ...args])
    assert.deepEqual([status, stdout], [2, ''])
  }
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
})

test('--http-seed sets seeds, too, and leaves all arguments to torrents', async (t) => {
  const root = makeScratch(t, { a: torrent({}), b: torrent({ httpseeds: [B] }) })
  const files = ['a', 'b'].map((name) => join(root, name))
  const set = (...args: string[]) => runBtkit(['sethttpseeds', ...args, ...files])
  const seeds = ['--http-seed', `${B}|${A}`, '--http-seed', `${A}c`]
  const wrong = await set(...seeds, A)
  const why = `${A}: give the seeds either as an argument or with --http-seed`
  assert.deepEqual([wrong.status, wrong.stderr], [2, `btkit: ${why}\n`])
  assert.equal((await set('--http-seed', 'x')).status, 2)
  assert.equal((await set(...seeds)).status, 0)
  const expected = Buffer.from(torrent({ httpseeds: [B, A, `${A}c`] }))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
  assert.equal((await set('--http-seed', '')).status, 0)
  for (const file of files) assert.deepEqual(readFileSync(file), Buffer.from(torrent({})))
})

test('seeds of the defaults are for new torrents only', async (t) => {
  const root = makeScratch(t, { a: torrent({}), config: `defaults: {http-seed: ${A}}\n` })
  const args = ['--config', join(root, 'config'), B, join(root, 'a')]
  assert.equal((await runBtkit(['sethttpseeds', ...args])).status, 0)
  assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(torrent({ httpseeds: [B] })))
})

test('seeds are set, and those that were there are printed', async (t) => {
  const root = makeScratch(t, {
    list: torrent({ 'url-list': [B, A] }),
    text: torrent({ 'url-list': B }),
    bare: torrent({}),
  })
  const files = ['list', 'text', 'bare'].map((name) => join(root, name))
  const { status, stdout, stderr } = await runBtkit(['setwebseeds', `${A}|${B}`, ...files])
  const told = files.flatMap((file, i) => {
    const old = [`${B}|${A}`, B][i]
    return [
      `changed ${file}`,
      ...(old === undefined ? [] : [`old web seeds for ${file}: ${old}`]),
      `new web seeds for ${file}: ${A}|${B}`,
    ]
  })
  assert.equal(stdout, told.map((line) => `${line}\n`).join(''))
  assert.deepEqual([status, stderr], [0, 'btkit: 3 of 3 torrents changed\n'])
  const expected = Buffer.from(torrent({ 'url-list': [A, B] }))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
})

test('0 removes them', async (t) => {
  const path = join(makeScratch(t, { a: torrent({ 'url-list': [A] }) }), 'a')
  const { stdout } = await runBtkit(['setwebseeds', '0', path])
  assert.equal(stdout, `changed ${path}\nold web seeds for ${path}: ${A}\n`)
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
})

test('an address that is none is wrong usage before a file is touched', async (t) => {
  const path = join(makeScratch(t, { a: torrent({}) }), 'a')
  for (const args of [[`${A}|x`, path], [path], ['x', path], [A], []]) {
    const { status, stdout } = await runBtkit(['setwebseeds', ...args])
    assert.deepEqual([status, stdout], [2, ''])
  }
  assert.deepEqual(readFileSync(path), Buffer.from(torrent({})))
})

test('--web-seed sets seeds, too, and leaves all arguments to torrents', async (t) => {
  const root = makeScratch(t, { a: torrent({}), b: torrent({ 'url-list': [B] }) })
  const files = ['a', 'b'].map((name) => join(root, name))
  const set = (...args: string[]) => runBtkit(['setwebseeds', ...args, ...files])
  const seeds = ['--web-seed', `${B}|${A}`, '--web-seed', `${A}c`]
  const wrong = await set(...seeds, A)
  const why = `${A}: give the seeds either as an argument or with --web-seed`
  assert.deepEqual([wrong.status, wrong.stderr], [2, `btkit: ${why}\n`])
  assert.equal((await set('--web-seed', 'x')).status, 2)
  assert.equal((await set(...seeds)).status, 0)
  const expected = Buffer.from(torrent({ 'url-list': [B, A, `${A}c`] }))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
  assert.equal((await set('--web-seed', '')).status, 0)
  for (const file of files) assert.deepEqual(readFileSync(file), Buffer.from(torrent({})))
})

test('seeds of the defaults are for new torrents only', async (t) => {
  const root = makeScratch(t, { a: torrent({}), config: `defaults: {web-seed: ${A}}\n` })
  const args = ['--config', join(root, 'config'), B, join(root, 'a')]
  assert.equal((await runBtkit(['setwebseeds', ...args])).status, 0)
  assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(torrent({ 'url-list': [B] })))
})
