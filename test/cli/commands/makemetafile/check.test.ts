import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { NOW, parseJson } from '../../../support/run-btkit.js'
import { makeWorkplace } from './make.js'

test('a torrent that is there is unchanged, whenever it was made', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  await make([])
  const now = () => (NOW + 3600) * 1000
  const { status, stdout, stderr } = await make(['--check'], { now })
  assert.deepEqual([status, stdout, stderr], [0, `unchanged ${at('a.iso.torrent')}\n`, ''])
  assert.deepEqual(readdirSync(directory).sort(), ['a.iso', 'a.iso.torrent'])
})

for (const [options, changes] of [
  [['--comment', 'new'], 'comment'],
  [['--private', '--web-seed', 'http://w.example/'], 'info: private, url-list'],
  [['--piece-length', '64K'], 'info: piece length'],
  [['--source', 'A'], 'info: source'],
  [['--date', '2026-01-01'], 'creation date'],
  [['--no-date'], 'creation date'],
] as const) {
  test(`${options.join(' ')} would change ${changes}`, async (t) => {
    const { make, at } = makeWorkplace(t)
    await make([])
    const before = readFileSync(at('a.iso.torrent'))
    const { status, stdout } = await make([...options, '--check'])
    const [first, ...rest] = stdout.trimEnd().split('\n')
    assert.deepEqual([status, first], [1, `would change ${at('a.iso.torrent')}: ${changes}`])
    assert.equal(rest.length, changes.includes('info') ? 2 : 0)
    assert.deepEqual(readFileSync(at('a.iso.torrent')), before)
  })
}

test('other content and a missing torrent are changes', async (t) => {
  const { make, at, source } = makeWorkplace(t)
  const missing = await make(['--check'])
  assert.equal(missing.status, 1)
  assert.match(missing.stdout, new RegExp(`^would create ${at('a.iso.torrent')}\ninfo hash: `))
  await make([])
  writeFileSync(source, 'HELLO')
  const { status, stdout } = await make(['--check', '--json'])
  const { changes, status: found, infoHash, oldInfoHash } = parseJson({ stdout })
  assert.deepEqual([status, found, changes], [1, 'changed', ['info: content']])
  assert.notEqual(infoHash, oldInfoHash)
})

test('several tags and sources are compared each', async (t) => {
  const { make, at } = makeWorkplace(t)
  const tags = ['--source', 'A', '--source', 'B', '-o', at('')]
  await make(tags)
  assert.equal((await make([...tags, '--check', '--quiet'])).status, 0)
  writeFileSync(at('a.iso.B.torrent'), 'no torrent')
  const { status, stdout, stderr } = await make([...tags, '--check'])
  assert.deepEqual([status, stdout], [1, `unchanged ${at('a.iso.A.torrent')}\n`])
  assert.match(stderr, /a\.iso\.B\.torrent/)
})

test('it excludes what writes nothing to compare with', async (t) => {
  const { make } = makeWorkplace(t)
  for (const other of ['--dry-run', '--randomize', '--output -']) {
    const { status, stderr } = await make(['--check', ...other.split(' ')])
    const message = `btkit: --check and ${other} cannot be used together\n`
    assert.deepEqual([status, stderr], [2, message])
  }
})
