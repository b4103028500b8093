import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../../support/torrents.js'

const A = 'http://a.example/'
const B = 'http://b.example/'
const torrent = (beside: PlainDict) => torrentOf(singleFileInfo(), beside)

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
