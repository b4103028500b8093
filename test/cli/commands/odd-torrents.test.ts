import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { torrentOf, type PlainDict } from '../../support/torrents.js'

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
