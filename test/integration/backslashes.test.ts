import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../disk/failure.js'
import { decodeTorrent, independentInfoHash } from '../support/decode-torrent.js'
import { runProgram } from '../support/programs.js'
import { entriesOf, Mirror } from '../support/mirror.js'
import { unlessInstalled } from '../support/peers.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

const UNIT = 'foo\\x2dbar.service'

/** For tests that make files with such names. */
const options = { ...unlessInstalled('mktorrent'), ...unlessWindows }

for (const name of [UNIT, 'tree']) {
  test(`a backslash in ${name} is taken, and the info hash is mktorrent's`, options, async (t) => {
    const file = name === UNIT ? UNIT : `tree/${UNIT}`
    const directory = makeScratch(t, { [file]: 'x' })
    const source = join(directory, name)
    const { status, stderr } = await runBtkit(['makemetafile', source, TRACKER, '-l', '18'])
    const shown = file.replaceAll('\\', '\\\\')
    const warning = `btkit: warning: ${shown}: a backslash in a name, which some clients change\n`
    assert.deepEqual(
      [status, stderr.replaceAll('\\\\', '\\')],
      [0, warning.replaceAll('\\\\', '\\')],
    )
    const theirs = join(directory, 'mktorrent')
    await runProgram('mktorrent', ['-l', '18', '-a', TRACKER, '-o', theirs, source])
    const ours = readFileSync(`${source}.torrent`)
    assert.equal(independentInfoHash(ours), independentInfoHash(readFileSync(theirs)))
    assert.equal((await runBtkit(['verify', `${source}.torrent`, directory])).status, 0)
  })
}

test('completedir takes them all, with one warning for the first run', unlessWindows, async (t) => {
  const mirror = new Mirror(t, { [UNIT]: '1', [`dir/${UNIT}`]: '2', plain: '3' })
  const { stderr } = assertStatus(await mirror.run(), 0)
  assert.match(stderr, /^btkit: warning: dir\/foo.+service and 1 more: a backslash .+ change\n$/)
  assert.equal(decodeTorrent(readFileSync(mirror.torrent(UNIT))).info['name'], UNIT)
  assert.equal((await mirror.run()).stderr, '')
  assert.equal((await mirror.run(['--force', '--quiet'])).stderr, '')
})

test('an entry whose name is not UTF-8 fails alone', unlessWindows, async (t) => {
  const bad = (path: string) => Buffer.concat([Buffer.from(path), Buffer.from([0xff])])
  const mirror = new Mirror(t, { a: '1', 'dir/b': '2', 'other/c': '3' })
  writeFileSync(bad(join(mirror.source, 'x')), '4')
  writeFileSync(bad(join(mirror.source, 'dir/y')), '5')
  const { created, failed } = await mirror.report()
  assert.deepEqual(entriesOf(created), ['a', 'other'])
  const why = ': the name is not valid UTF-8'
  const messages = failed.map(({ message }) => message)
  assert.deepEqual(messages, [
    `${join(mirror.source, 'dir/y')}\\xff${why}`,
    `${join(mirror.source, 'x')}\\xff${why}`,
  ])
})
