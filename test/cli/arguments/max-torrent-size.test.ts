import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { inputOf, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const LIMIT = 'larger than the limit of 10 bytes (--max-torrent-size)'

for (const command of [
  ['showmetainfo'],
  ['lint'],
  ['verify'],
  ['copyannounce'],
  ['edit', '--private'],
]) {
  test(`${command.join(' ')} names the option that allows larger torrents`, async (t) => {
    const path = join(makeScratch(t, { a: torrentOf(singleFileInfo()) }), 'a')
    const operands = command[0] === 'copyannounce' ? [path, path] : [path]
    const args = [...command, '--max-torrent-size', '10', ...operands]
    const { status, stderr } = await runBtkit(args)
    assert.deepEqual([status, stderr], [1, `btkit: ${path}: ${LIMIT}\n`])
  })
}

test('showmetainfo of standard input names the option that allows larger torrents', async () => {
  const stdin = inputOf(torrentOf(singleFileInfo()))
  const args = ['showmetainfo', '--max-torrent-size', '10', '-']
  const { stderr } = await runBtkit(args, { stdin })
  assert.equal(stderr, `btkit: standard input: ${LIMIT}\n`)
})

for (const args of [
  ['showmetainfo', 'x.torrent'],
  ['makemetafile', 'x', 'http://t.example/a'],
]) {
  test(`${args[0] ?? ''} refuses --max-torrent-size 0, because no torrent is that small`, async () => {
    const { status, stderr } = await runBtkit([...args, '--max-torrent-size', '0'])
    const said = "btkit: --max-torrent-size '0': not a size above 0, such as 64MiB\n"
    assert.deepEqual([status, stderr], [2, said])
  })
}
