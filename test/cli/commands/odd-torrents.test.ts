import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { editTorrent } from '../../../src/library/changes.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../support/torrents.js'

const SIGNATURES = { 'com.example': { certificate: Buffer.alloc(9), signature: Buffer.alloc(9) } }

test('signatures go with the info that they sign, and the report says so', async (t) => {
  const signed = torrentOf(singleFileInfo(), { signatures: SIGNATURES })
  const directory = makeScratch(t, { 's.torrent': signed })
  const torrent = join(directory, 's.torrent')
  for (const change of ['--private', '--source=S', '--name=d', '--set=info.x="y"']) {
    writeFileSync(torrent, signed)
    await edit(torrent, '--comment=x', '--quiet')
    assert.deepEqual((await edit(torrent, '--no-comment')).stderr.match(/BEP 35/g), null)
    assert.deepEqual(readFileSync(torrent), Buffer.from(signed))
    const { stderr } = await edit(torrent, change)
    assert.match(stderr, /s\.torrent: without its signatures \(BEP 35\)/)
    assert.equal(parseMetainfo(readFileSync(torrent)).spans.has('signatures'), false)
  }
})

test('a converted torrent is not signed by the signatures of the old one', async (t) => {
  const signed = torrentOf(INFO, { signatures: SIGNATURES, comment: 'kept' })
  const directory = makeScratch(t, { 's.torrent': signed, 'data/dir/a': CONTENT })
  const place = (name: string) => join(directory, name)
  const args = ['--data', place('data'), '-o', place('h.torrent')]
  const { stderr } = await runBtkit(['convert', '--hybrid', place('s.torrent'), ...args])
  assert.match(stderr, /h\.torrent: without its signatures/)
  const { spans, comment } = parseMetainfo(readFileSync(place('h.torrent')))
  assert.deepEqual([spans.has('signatures'), comment], [false, 'kept'])
})

test('a program that edits a signed torrent removes its signatures, too', () => {
  const signed = torrentOf(singleFileInfo(), { signatures: SIGNATURES })
  assert.equal(editTorrent(signed, { comment: 'x' }).spans.has('signatures'), true)
  assert.equal(editTorrent(signed, { private: true }).spans.has('signatures'), false)
})

test('completedir keeps edits of a torrent that it updates, except signatures', async (t) => {
  const directory = makeScratch(t, { 'src/a': 'one', 'to/x': '' })
  const [source, torrent] = [join(directory, 'src'), join(directory, 'to/a.torrent')]
  const complete = async () => {
    const args = [source, '-o', join(directory, 'to'), '--trackerless', '--no-cache', '--state-dir']
    return assertStatus(await runBtkit(['completedir', ...args, join(directory, 'state')]), 0)
  }
  await complete()
  await edit(torrent, '--comment=kept', '--set=signatures={"a":{}}')
  writeFileSync(join(source, 'a'), 'another')
  assert.match((await complete()).stdout, /^updated .*\(.*without its signatures \(BEP 35\).*\)$/m)
  const { spans, comment, size } = parseMetainfo(readFileSync(torrent))
  assert.deepEqual([size, spans.has('signatures'), comment], [7, false, 'kept'])
})

async function edit(torrent: string, ...changes: string[]) {
  return assertStatus(await runBtkit(['edit', torrent, ...changes]), 0)
}

const CONTENT = 'hello'
const INFO = {
  name: 'dir',
  'piece length': 16_384,
  pieces: createHash('sha1').update(CONTENT).digest(),
  files: [{ length: 5, path: ['a'] }],
}

/** Torrents that libtorrent and Transmission read, and the key in which they are odd. */
const ODD: [what: string, info: PlainDict, key: string][] = [
  [
    'an empty component',
    { ...INFO, files: [{ length: 5, path: ['', 'a'] }] },
    'info.files[0].path',
  ],
  [
    'a "." component',
    { ...INFO, files: [{ length: 5, path: ['.', 'a'], 'path.utf-8': ['.', 'a'] }] },
    'info.files[0].path',
  ],
  ['meta version 0', { ...INFO, 'meta version': 0 }, 'info.meta version'],
  ['meta version 1', { ...INFO, 'meta version': 1 }, 'info.meta version'],
  ['a length beside files', { ...INFO, length: 7 }, 'info.length'],
]

for (const [what, info, key] of ODD) {
  test(`a torrent with ${what} is checked, found, converted and edited`, async (t) => {
    const files = { 'o.torrent': torrentOf(info), 'data/dir/a': CONTENT }
    const place = (name: string) => join(directory, name)
    const directory = makeScratch(t, files)
    const run = async (...args: string[]) => assertStatus(await runBtkit(args), 0)
    const torrent = place('o.torrent')
    await run('verify', torrent, '--data', place('data'), '--no-cache')
    await run('find', torrent, '--in', place('data'))
    await run('convert', '--hybrid', torrent, '--data', place('data'), '-o', place('h.torrent'))
    await run('verify', place('h.torrent'), '--data', place('data'), '--no-cache')
    await run('edit', torrent, '--comment', 'x', '--quiet')
    const { findings } = parseJson(await run('lint', torrent, '--json')) as unknown as {
      findings: { code: string; message: string }[]
    }
    const [ignored, ...others] = findings.filter(({ code }) => code === 'ignored-value')
    assert.ok(ignored?.message.startsWith(`${key}: `))
    assert.deepEqual(others, [])
  })
}
