import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { startExecutable } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const hashOf = (n: number) => n.toString(16).padStart(40, '0')

/** A tracker in a process of its own, which saves each second. */
async function startProcess(t: TestContext, stateFile: string) {
  const place = ['--host', '127.0.0.1', '--port', '0', '--no-udp']
  const args = ['track', '--open', ...place, '--dfile', stateFile, '--save-interval', '1']
  const child = startExecutable('btkit', args)
  t.after(() => child.kill('SIGKILL'))
  child.stderr.pipe(process.stderr)
  let said = ''
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString()
    const address = /address: +(http:\S+)\/announce\n[^]*state:/.exec(said)?.[1]
    if (address) return { child, address }
  }
  throw new Error(said)
}

const savedAt = async (address: string) => {
  const figures = await (await fetch(`${address}/-/metrics`)).text()
  return Number(/^btkit_track_saved_timestamp_seconds (\S+)$/m.exec(figures)?.[1])
}

test('a tracker that is killed again and again loses nothing that it had saved', async (t) => {
  const stateFile = join(makeScratch(t), 'state')
  const kept: number[] = []
  for (let round = 0; round < 3; round++) {
    const { child, address } = await startProcess(t, stateFile)
    for (let i = 0; i < 20; i++) {
      const n = 100 * round + i
      await fetch(address + announceQuery(hashOf(n), { event: 'completed' }))
      kept.push(n)
    }
    const announced = Date.now() / 1000
    // A save that began after the last announce
    const first = announced + 1
    await until('saved', async () => (await savedAt(address)) >= first)
    await fetch(address + announceQuery(hashOf(999)))
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const track = await startTrack(t, { stateFile })
  const page = (await (await track.get('/index.json?sort=hash')).json()) as {
    torrents: { infoHash: string; downloaded: number; complete: number }[]
  }
  for (const n of kept) {
    const found = page.torrents.find(({ infoHash }) => infoHash === hashOf(n))
    assert.deepEqual([found?.downloaded, found?.complete], [1, 1], hashOf(n))
  }
  await track.stop()
  assert.deepEqual(
    readdirSync(dirname(stateFile)).filter((name) => !['state', 'state.history'].includes(name)),
    [],
  )
})
