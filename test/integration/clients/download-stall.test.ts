import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINE, only, plant, until } from '../../support/download.js'
import { unlessInstalled } from '../../support/peers.js'
import { Captured, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

const MINUTE = 60_000
const OFTEN = ['--json', '--display-interval', '0.1']
const TOLD = /^btkit: release: nothing has come for \d+ minutes?: no peer is connected/

for (const client of ['aria2c', 'rtorrent', 'transmission-daemon']) {
  test(`download tells with ${client} that nobody seeds`, unlessInstalled(client), async (t) => {
    const { torrent } = await plant(t)
    const [stop, stdout, stderr] = [new AbortController(), new Captured(), new Captured()]
    t.after(() => {
      stop.abort()
    })
    let ahead = 0
    const monotonic = () => performance.now() + ahead
    const args = ['download', torrent, '--save-to', makeScratch(t), ...MINE, ...OFTEN]
    const world = { env: only(t, client), signal: stop.signal, monotonic, stdout, stderr }
    const ended = runBtkit(args, world)
    await until('downloading', () => stdout.text.includes('"state":"downloading"'))
    await until('told', () => {
      ahead += MINUTE
      return stderr.text !== ''
    })
    assert.match(stderr.text, TOLD)
    stop.abort()
    assert.equal((await ended).status, 1)
  })
}
