import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit, startBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'

// Options of the last version: their new names count, and a note has them, wherever they are set.

const DOWN = 'transmission+http://127.0.0.1:1'

test('an option by its name of the last version counts, and a note has the new name', async (t) => {
  const directory = makeScratch(t, { 'd/a': 'a', 'a.torrent': 'x', key: 'k'.repeat(64) })
  const at = (name: string) => join(directory, name)
  const serve = async (args: readonly string[], env = {}) => {
    const place = [
      '--trackerless',
      '--port',
      '0',
      '--cache-dir',
      at('cache'),
      '--state-dir',
      at('state'),
    ]
    const served = startBtkit(t, ['serve', at('d'), ...place, ...args], { env })
    await served.said(/^(try:)/m)
    return (await served.stop()).stderr
  }
  assert.match(await serve(['--wait', '3']), /^btkit: --wait: wait is max-wait now; change it$/m)
  const variable = await serve([], { BTKIT_SERVE_WAIT: '3' })
  assert.match(variable, /^btkit: BTKIT_SERVE_WAIT: wait is max-wait now; change it$/m)
  writeFileSync(at('c.yaml'), 'serve:\n  wait: 3\n')
  const file = await serve(['--config', at('c.yaml')])
  assert.match(file, /c\.yaml:2:\d+: wait is max-wait now; change it$/m)
  const published = await runBtkit(['publish', at('a.torrent'), '--client', DOWN, '--wait', '3'])
  assert.match(published.stderr, /^btkit: --wait: wait is check-wait now; change it$/m)
  const checked = await runBtkit(['verify', at('a.torrent'), '--trust-cache'])
  assert.match(checked.stderr, /^btkit: --trust-cache: trust-cache is cached now; change it$/m)
  const track = await startTrack(t, { args: ['--share-key-file', at('key')] })
  assert.match(track.stderr.text, /share-key-file is store-key-file now; change it$/m)
})

test('an option of that name in another command is its own', async (t) => {
  const directory = makeScratch(t, { 'd/a': 'a' })
  const args = ['completedir', join(directory, 'd'), '--trackerless', '--wait', '3']
  const { status, stderr } = await runBtkit([...args, '--state-dir', join(directory, 's')])
  assert.deepEqual([status, stderr], [0, ''])
})

const WEB_TORRENT =
  'web-torrent is no option any more; for browsers that share with each other, run bittorrent-tracker or aquatic, too'

test('a configured option that ended is told, and the service starts; a typed one is refused', async (t) => {
  const directory = makeScratch(t)
  const config = join(directory, 'c.yaml')
  for (const place of ['track', 'defaults']) {
    writeFileSync(config, `${place}:\n  web-torrent: true\n`)
    const track = await startTrack(t, { args: ['--config', config] })
    assert.ok(track.stderr.text.includes(`${config}:2:3: ${WEB_TORRENT}`), track.stderr.text)
  }
  const byVariable = await startTrack(t, { io: { env: { BTKIT_TRACK_WEB_TORRENT: '1' } } })
  assert.ok(byVariable.stderr.text.includes(`BTKIT_TRACK_WEB_TORRENT: ${WEB_TORRENT}`))
  for (const command of [['track'], ['serve', directory, '--track']]) {
    for (const word of ['--web-torrent', '--no-web-torrent']) {
      const { stderr } = await runBtkit([...command, word])
      assert.match(
        stderr,
        new RegExp(`^btkit: unknown option '${word}'; for browsers .* aquatic, too$`, 'm'),
      )
    }
  }
  const checked = await runBtkit(['config', 'check', config])
  assert.ok(checked.stderr.includes(WEB_TORRENT), checked.stderr)
})
