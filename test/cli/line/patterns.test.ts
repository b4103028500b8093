import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { executable } from '../../support/executable.js'
import { runProgram } from '../../support/programs.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { unlessAlwaysPermitted, unprivileged } from '../../support/unprivileged.js'

const NONE = /^btkit: .*\*\.none: no such file, and the pattern matches none\n$/

/** A directory with the torrents `a.torrent`, `b.torrent` and `[a].torrent`. */
async function makePlace(t: TestContext) {
  const directory = makeScratch(t, { a: 'a', b: 'bb', '[a]': 'ccc' })
  const at = (name: string) => join(directory, name)
  for (const name of ['a', 'b', '[a]'])
    await runBtkit(['makemetafile', at(name), 'http://t.example/a', '-o', at(`${name}.torrent`)])
  const commentOf = (name: string) => decodeTorrent(readFileSync(at(name)))['comment'] ?? null
  return { at, directory, commentOf }
}

test('a pattern in quotes stands for all files that it matches', async (t) => {
  const { at } = await makePlace(t)
  const { status, stdout, stderr } = await runBtkit(['hash', at('?.torrent')])
  assert.deepEqual([status, stderr, stdout.trim().split('\n').length], [0, '', 2])
})

test('a file of that name is taken literally', async (t) => {
  const { at, commentOf } = await makePlace(t)
  assertStatus(await runBtkit(['edit', '--comment', 'new', at('[a].torrent')]), 0)
  assert.deepEqual(['[a].torrent', 'a.torrent'].map(commentOf), ['new', null])
})

test('a command that changes files names each of them; --quiet does not', async (t) => {
  const { at, commentOf } = await makePlace(t)
  const { stderr } = await runBtkit(['edit', '--comment', 'new', at('?.torrent')])
  for (const name of ['a.torrent', 'b.torrent'])
    assert.ok(stderr.includes(`pattern ${at('?.torrent')}: ${at(name)}\n`), stderr)
  assert.deepEqual(['a.torrent', 'b.torrent'].map(commentOf), ['new', 'new'])
  const quiet = await runBtkit(['edit', '--quiet', '--comment', 'x', at('?.torrent')])
  assert.equal(quiet.stderr, '')
})

test('a pattern that matches nothing is an error, before anything is changed', async (t) => {
  const { at, commentOf } = await makePlace(t)
  const { status, stderr } = await runBtkit([
    ...['edit', '--comment', 'new', at('a.torrent'), at('*.none')],
  ])
  assert.equal(status, 1)
  assert.match(stderr, NONE)
  assert.equal(commentOf('a.torrent'), null)
})

test('trackers and magnet links are no patterns', async (t) => {
  const { at } = await makePlace(t)
  const tracker = 'http://t.example/announce?key=[1]*'
  assertStatus(await runBtkit(['makemetafile', at('a'), tracker, '-o', at('x.torrent')]), 0)
  assert.equal(decodeTorrent(readFileSync(at('x.torrent')))['announce'], tracker)
})

test('patterns in a batch are relative to its file', async (t) => {
  const { at, directory, commentOf } = await makePlace(t)
  plantFiles(directory, { 'batch.yaml': `jobs: {all: {edit: {path: '?.torrent', comment: new}}}` })
  assert.equal((await runBtkit(['batch', at('batch.yaml')])).status, 0)
  assert.deepEqual(['a.torrent', 'b.torrent'].map(commentOf), ['new', 'new'])
})

test('patterns in lists of paths of a configuration are expanded; one without a match is named with its line', async (t) => {
  const { at, directory } = await makePlace(t)
  plantFiles(directory, {
    'c.yaml': `find: {in: ['${at('dat*')}']}`,
    'wrong.yaml': `find:\n  in: ['${at('*.none')}']`,
    'data1/a': 'a',
  })
  const found = await runBtkit(['find', at('a.torrent'), '--json', '--config', at('c.yaml')])
  assert.ok(found.stdout.includes(at('data1/a')), found.stdout + found.stderr)
  const wrong = await runBtkit(['find', at('a.torrent'), '--config', at('wrong.yaml')])
  assert.match(wrong.stderr, /wrong\.yaml:2:7: .*the pattern matches none/)
  assert.ok(existsSync(at('a.torrent')))
})

test(
  'a directory that cannot be read is reported, and does not hide others',
  unlessAlwaysPermitted,
  async (t) => {
    const { at, directory } = await makePlace(t)
    chmodSync(directory, 0o755)
    mkdirSync(at('locked'))
    chmodSync(at('locked'), 0)
    const args = [executable('btkit'), 'hash', at('**/[ab].torrent')]
    const { status, stdout, stderr } = await runProgram(process.execPath, args, {
      ...unprivileged,
      cwd: directory,
    })
    chmodSync(at('locked'), 0o700)
    assert.deepEqual([status, stdout.trim().split('\n').length], [0, 2])
    assert.equal(stderr, `btkit: warning: ${at('locked')}: permission denied\n`)
  },
)
