import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertStatus, inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { projectRoot } from '../../../support/programs.js'
import { makeScratch } from '../../../support/scratch.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const TORRENT = torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' })

/** Makes a torrent of each version, and one that is none. */
async function plant(t: TestContext) {
  const directory = makeScratch(t, { 'a.txt': 'hello', 'a.torrent': TORRENT, 'bad.torrent': 'x' })
  const place = (name: string) => join(directory, name)
  for (const version of ['v2', 'hybrid']) {
    const target = ['--target', place(`${version}.torrent`), '--quiet']
    await runBtkit(['makemetafile', place('a.txt'), `--${version}`, '--trackerless', ...target])
  }
  return place
}

test('hash prints the info hashes, and of several torrents the names', async (t) => {
  const place = await plant(t)
  const torrents = ['a.torrent', 'v2.torrent', 'hybrid.torrent'].map(place)
  const { status, stdout, stderr } = await runBtkit(['hash', ...torrents])
  const lines = ['[0-9a-f]{40}', '[0-9a-f]{64}', '[0-9a-f]{40} [0-9a-f]{64}']
  const named = lines.map((line, i) => `${line}  ${torrents[i] ?? ''}\n`)
  assert.match(stdout, new RegExp(`^${named.join('')}$`))
  assert.deepEqual([status, stderr], [0, ''])
  const alone = await runBtkit(['hash', place('a.torrent')])
  const shown = await runBtkit(['showmetainfo', '--field', 'info-hash', place('a.torrent')])
  assert.equal(alone.stdout, shown.stdout)
})

test('a file that is not a torrent is an error, and the others still have their line', async (t) => {
  const place = await plant(t)
  for (const command of ['hash', 'magnet']) {
    const args = [command, place('bad.torrent'), place('a.torrent')]
    const { stdout, stderr } = assertStatus(await runBtkit(args), 1)
    assert.equal(stdout.trimEnd().split('\n').length, 1)
    assert.match(stderr, /^btkit: \S+bad\.torrent: not a torrent [^\n]+\n$/)
  }
})

test('magnet prints the link that showmetainfo has', async (t) => {
  const place = await plant(t)
  const { stdout } = await runBtkit(['magnet', place('a.torrent')])
  const shown = await runBtkit(['showmetainfo', '--magnet', place('a.torrent')])
  assert.equal(stdout, shown.stdout)
})

test('magnet --select-only puts the files to download into the link', async (t) => {
  const files = ['a', 'b', 'c'].map((path) => ({ length: 1, path: [path] }))
  const torrent = join(
    makeScratch(t, { 'x.torrent': torrentOf(directoryInfo(files)) }),
    'x.torrent',
  )
  const link = (range: string) => runBtkit(['magnet', '--select-only', range, torrent])
  assert.match((await link('0, 1-2')).stdout, /&xl=3&so=0,1-2\n$/)
  const beyond = await link('1-3')
  assert.deepEqual([beyond.status, beyond.stdout], [1, ''])
  assert.match(beyond.stderr, /x\.torrent: has no file 3: the last of its 3 is 2\n$/)
  for (const range of ['', 'a', '2-1', '1,,2']) {
    const wrong = await link(range)
    assert.deepEqual([wrong.status, wrong.stdout], [2, ''], range)
  }
})

test('magnet warns of a passkey in its link', async (t) => {
  const announce = 'http://t.example/announce?passkey=0123456789abcdef'
  const torrent = join(
    makeScratch(t, { 'a.torrent': torrentOf(singleFileInfo(), { announce }) }),
    'a.torrent',
  )
  const { status, stderr } = await runBtkit(['magnet', torrent])
  const note = `btkit: ${torrent}: the link holds a passkey; whoever has it can use it\n`
  assert.deepEqual([status, stderr], [0, note])
})

test('both read standard input and print JSON', async () => {
  for (const command of ['hash', 'magnet']) {
    const io = { stdin: inputOf(TORRENT) }
    const { torrent, infoHash, infoHashV2 } = parseJson(
      await runBtkit([command, '--json', '-'], io),
    )
    assert.deepEqual([torrent, infoHashV2], ['-', null])
    assert.match(String(infoHash), /^[0-9a-f]{40}$/)
  }
})

for (const command of [
  ['hash'],
  ['magnet'],
  ['showmetainfo'],
  ['find', '--in', projectRoot + '/man'],
]) {
  test(`${command[0] ?? ''} --json has a line for a torrent that is missing`, async (t) => {
    const torrent = join(makeScratch(t), 'gone.torrent')
    const { stdout } = assertStatus(await runBtkit([...command, '--json', torrent]), 1)
    const { error, ...line } = JSON.parse(stdout) as Record<string, unknown>
    assert.deepEqual(line, { torrent, infoHash: null, infoHashV2: null, code: 'not-found' })
    assert.match(String(error), /gone\.torrent: no such file/)
  })
}
