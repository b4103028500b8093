import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import {
  directoryInfo,
  editedGolden,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../../../support/torrents.js'
import { show } from './show.js'

test('a bare torrent has all keys, and null where it says nothing', async (t) => {
  const torrent = torrentOf(singleFileInfo())
  const path = join(makeScratch(t, { 'x.torrent': torrent }), 'x.torrent')
  const result = await runBtkit(['showmetainfo', '--json', path])
  const infoHash = independentInfoHash(torrent)
  assert.deepEqual([result.status, result.stderr], [0, ''])
  assert.match(result.stdout, /^[^\n]+\n$/)
  assert.deepEqual(parseJson(result), {
    torrent: path,
    file: path,
    infoHash,
    infoHashV2: null,
    name: 'a.txt',
    size: 5,
    pieceLength: 16_384,
    pieceCount: 1,
    private: false,
    announce: null,
    announceList: null,
    httpSeeds: null,
    webSeeds: null,
    nodes: null,
    comment: null,
    createdBy: null,
    creationDate: null,
    source: null,
    updateUrl: null,
    similar: null,
    collections: null,
    otherKeys: [],
    version: 'v1',
    pieceLayers: null,
    files: [{ path: 'a.txt', length: 5, padding: false, attr: '', piecesRoot: null, layer: null }],
    magnet: `magnet:?xt=urn:btih:${infoHash}&dn=a.txt&xl=5`,
    warnings: [],
    error: null,
    code: null,
  })
})

test('a full torrent has them all', async (t) => {
  const files = [
    { length: 3, path: ['a', 'b'] },
    { length: 0, path: ['c'] },
  ]
  const info = directoryInfo(files, {
    private: 1,
    source: 'TAG',
    'update-url': 'http://t/next',
    similar: [Buffer.alloc(20, 1)],
  })
  const torrent = torrentOf(info, {
    announce: 'http://t/',
    'announce-list': [['http://t/'], ['udp://u']],
    comment: 'é',
    'created by': 'someone',
    'creation date': 0,
    httpseeds: ['http://s/'],
    'url-list': ['http://w/'],
    nodes: [['router.example', 6881]],
    collections: ['all of mine'],
  })
  const {
    magnet,
    file,
    torrent: path,
    warnings,
    ...shown
  } = parseJson(await show(t, torrent, { args: ['--json'] }))
  assert.equal(path, file)
  const hash = independentInfoHash(torrent)
  assert.deepEqual(shown, {
    infoHash: hash,
    infoHashV2: null,
    name: 'dir',
    size: 3,
    pieceLength: 16_384,
    pieceCount: 1,
    private: true,
    announce: 'http://t/',
    announceList: [['http://t/'], ['udp://u']],
    httpSeeds: ['http://s/'],
    webSeeds: ['http://w/'],
    nodes: [{ host: 'router.example', port: 6881 }],
    comment: 'é',
    createdBy: 'someone',
    creationDate: 0,
    source: 'TAG',
    updateUrl: 'http://t/next',
    similar: ['01'.repeat(20)],
    collections: ['all of mine'],
    otherKeys: [],
    version: 'v1',
    pieceLayers: null,
    files: [
      { path: 'a/b', length: 3, padding: false, attr: '', piecesRoot: null, layer: null },
      { path: 'c', length: 0, padding: false, attr: '', piecesRoot: null, layer: null },
    ],
    error: null,
    code: null,
  })
  assert.equal(
    magnet,
    `magnet:?xt=urn:btih:${hash}&dn=dir&xl=3&tr=http%3A%2F%2Ft%2F&tr=udp%3A%2F%2Fu&ws=http%3A%2F%2Fw%2F`,
  )
  assert.deepEqual([typeof file, warnings], ['string', []])
})

test('pad files of a hybrid torrent are marked', async (t) => {
  const bytes = goldenTorrent('hybrid-directory.torrent')
  const { files } = parseJson(await show(t, bytes, { args: ['--json'] }))
  assert.ok((files as { padding: boolean }[]).some(({ padding }) => padding))
})

test('the files of version 2 have their roots, and the state of their layers', async (t) => {
  const bytes = editedGolden('v2-directory.torrent', (top) => top.delete('piece layers'))
  const { version, pieceLayers, files } = parseJson(await show(t, bytes, { args: ['--json'] }))
  assert.deepEqual([version, pieceLayers], ['v2', { ok: 0, missing: 2, wrong: 0 }])
  const [large, short, , empty] = files as Record<string, unknown>[]
  assert.deepEqual(large, {
    path: 'a/large.bin',
    length: 40_001,
    padding: false,
    attr: '',
    piecesRoot: 'dcdf17f7cf9774b562b5c8b9df549a13b1566e87d6d48999355f9ab32a9e0ed6',
    layer: 'missing',
  })
  assert.equal(short?.['layer'], 'none')
  assert.equal(empty?.['piecesRoot'], null)
})

test('warnings are in the JSON, too', async (t) => {
  const info = directoryInfo([{ length: 1, path: ['..', 'x'] }])
  const { status, stdout } = await show(t, torrentOf(info), { args: ['--json'] })
  const { warnings } = parseJson({ stdout })
  assert.equal(status, 0)
  assert.deepEqual(warnings, [
    { code: 'unsafe-path', message: 'path "dir/../x": has a ".." component' },
  ])
})

test('- is standard input', async () => {
  const stdin = inputOf(torrentOf(singleFileInfo()))
  const result = await runBtkit(['showmetainfo', '--json', '-'], { stdin })
  assert.deepEqual([parseJson(result)['file'], parseJson(result)['name']], ['-', 'a.txt'])
})

test('a bad torrent prints its error and code', async (t) => {
  const { status, stdout } = await show(t, 'd4:infodee', { args: ['--json'] })
  const { error, code } = parseJson({ stdout })
  assert.deepEqual([status, code], [1, 'metainfo'])
  assert.match(String(error), /info\.name: is missing$/)
})
