import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { assertStatus, inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { projectRoot } from '../../../support/programs.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { unlessWindows } from '../../../disk/failure.js'

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
    const args = [command, place('.'), place('a.torrent')]
    const { stdout, stderr } = assertStatus(await runBtkit(args), 1)
    assert.equal(stdout.trimEnd().split('\n').length, 3)
    assert.match(stderr, /^btkit: \S+bad\.torrent: not a torrent [^\n]+\n$/)
  }
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

test('a pipe among other torrents is read to its end', unlessWindows, async (t) => {
  const place = await plant(t)
  const pipe = place('pipe')
  execFileSync('mkfifo', [pipe])
  const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', place('a.torrent'), pipe])
  // It waits for a reader, and would end if one came and went
  await setTimeout(200)
  const { stdout } = assertStatus(await runBtkit(['hash', place('v2.torrent'), pipe]), 0)
  assert.match(stdout, /^[0-9a-f]{64} .*\n[0-9a-f]{40} .*\n$/)
  if (writer.exitCode === null) await once(writer, 'exit')
  assert.equal(writer.exitCode, 0)
})

test('torrents by hundreds keep their order, and each that is wrong has its error', async (t) => {
  const directory = makeScratch(t)
  const names = Array.from({ length: 300 }, (_, i) => join(directory, `${i}.torrent`))
  for (const [i, name] of names.entries())
    writeFileSync(name, i % 100 === 0 ? 'x' : torrentOf(singleFileInfo({ name: `file ${i}` })))
  const { stdout, stderr } = assertStatus(await runBtkit(['hash', ...names]), 1)
  const named = (text: string) => text.split('\n').map((line) => /\d+\.torrent/.exec(line)?.[0])
  assert.deepEqual(
    named(stdout.trimEnd()),
    names.flatMap((_, i) => (i % 100 === 0 ? [] : `${i}.torrent`)),
  )
  assert.deepEqual(named(stderr.trimEnd()), ['0.torrent', '100.torrent', '200.torrent'])
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
