import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildTorrent } from '../../../src/metainfo/build/torrent.js'
import { isTorrent } from '../../../src/metainfo/parse/is-torrent.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../support/torrents.js'

const TORRENT = torrentOf(singleFileInfo(), { announce: 'http://t.example/', zz: [1, ['a', {}]] })

test('torrents are recognized, of one file and of several', () => {
  assert.ok(isTorrent(TORRENT))
  assert.ok(isTorrent(torrentOf(directoryInfo([{ path: ['a'], length: 1 }]), {})))
  assert.ok(isTorrent(Buffer.concat([TORRENT, Buffer.from('\r\n')])))
})

test('a v2 torrent is one, and so is one that could not be shown', () => {
  const v2 = Buffer.from('d9:file treede12:meta versioni2e4:name1:a12:piece lengthi1ee')
  const beside = { announce: null, announceList: [], httpSeeds: [], webSeeds: [], nodes: [] }
  const rest = { ...beside, comment: null, createdBy: null, creationDate: null }
  assert.ok(isTorrent(buildTorrent(rest, { info: v2, pieceLayers: null })))
  assert.ok(isTorrent(torrentOf(singleFileInfo({ name: '../a' }), {})))
})

for (const [what, text] of Object.entries({
  'an empty file': '',
  'plain text': 'done\n',
  'another dictionary': 'd4:spam4:eggse',
  'an info that is no dictionary': 'd4:info3:abce',
  'an info without pieces': 'd4:infod12:piece lengthi1eee',
  'an info without piece length': 'd4:infod6:pieces0:ee',
  'a list': 'ld4:infod12:piece lengthi1e6:pieces0:eee',
  'a key without a value': 'd4:infod12:piece lengthi1e6:pieces0:e1:ae',
  'what ends early': 'd4:infod12:piece lengthi1e6:pieces0:e',
  'what goes on behind its end': 'd4:infod12:piece lengthi1e6:pieces0:eex',
  'a key that is no string': 'd4:infod12:piece lengthi1e6:pieces0:ei1e1:ae',
})) {
  test(`${what} is no torrent`, () => {
    assert.equal(isTorrent(Buffer.from(text)), false)
  })
}

test('no part of a torrent is one, and no depth is too much', () => {
  for (let length = 0; length < TORRENT.length; length++)
    assert.equal(isTorrent(TORRENT.subarray(0, length)), false, `${length} bytes`)
  const deep = `d1:a${'l'.repeat(1e6)}${'e'.repeat(1e6)}4:infod12:piece lengthi1e6:pieces0:ee`
  assert.equal(isTorrent(Buffer.from(deep)), true)
})

test('what is read of golden torrents is recognized', () => {
  const golden = join(import.meta.dirname, '../../../../test/golden')
  const torrents = readdirSync(golden, { recursive: true, encoding: 'utf8' })
  for (const name of torrents.filter((each) => each.endsWith('.torrent')))
    assert.ok(isTorrent(readFileSync(join(golden, name))), name)
})
