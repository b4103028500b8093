import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { startExecutable } from '../../support/executable.js'
import { longTest, quickFirst } from '../../support/long.js'
import { findFreePort } from '../../support/opentracker.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const hashOf = (n: number) => n.toString(16).padStart(40, '0')

/** A tracker in a process of its own, which saves each second. */
async function startProcess(t: TestContext, stateFile: string) {
  const place = ['--host', '127.0.0.1', '--port', '0', '--no-udp']
  const args = ['track', '--open', ...place, '--dfile', stateFile, '--save-interval', '1']
  const child = startExecutable('btkit', args, { t })
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

longTest('a tracker that is killed again and again loses nothing that it had saved', async (t) => {
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

const HASH = 'ab'.repeat(20)

/** A directory for the state that can be taken away. */
function makeStateDirectory(t: TestContext): string {
  const directory = join(makeScratch(t), 'state')
  mkdirSync(directory)
  return directory
}

const testSignal = quickFirst()

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  testSignal(`a tracker that can't save after ${signal} says so and fails`, async (t) => {
    const directory = makeStateDirectory(t)
    const stateFile = join(directory, 'x')
    const place = ['--host', '127.0.0.1', '--port', '0']
    const child = startExecutable('btkit', ['track', '--open', ...place, '--state', stateFile])
    t.after(() => child.kill('SIGKILL'))
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (chunk.toString().includes('state:')) break
    }
    rmSync(directory, { recursive: true })
    child.kill(signal)
    const [status] = (await once(child, 'close')) as [number | null]
    const why = 'no such file or directory'
    const lines = [
      `btkit: warning: ${stateFile}.history: could not save the history: ${why}\n`,
      `btkit: ${stateFile}: could not save the state: ${why}\n`,
    ]
    assert.equal(told, lines.join(''))
    assert.equal(status, 1)
  })
}

longTest("a mirror whose tracker can't save at the end says so and fails", async (t) => {
  const directory = makeStateDirectory(t)
  const url = `http://127.0.0.1:${await findFreePort()}/announce`
  const args = ['--host', '127.0.0.1', '--track', url]
  const mirror = await serveMirror(t, { args, io: { env: { BTKIT_STATE_DIR: directory } } })
  rmSync(directory, { recursive: true })
  const { status } = await mirror.stop()
  const stateFile = join(directory, 'tracker.state')
  const why = 'no such file or directory'
  const lines = [
    `btkit: warning: ${stateFile}.history: could not save the history: ${why}\n`,
    `btkit: ${stateFile}: could not save the state: ${why}\n`,
  ]
  assert.equal(mirror.stderr.text, lines.join(''))
  assert.equal(status, 1)
})

longTest('a full disk is told once, counted, and survived', unlessNoDisks, async (t) => {
  const disk = mountSmallDisk(t, 1)
  assert(disk !== null)
  const stateFile = join(disk, 'state')
  const track = await startTrack(t, { stateFile, args: ['--save-interval', '1'] })
  const filler = fillDisk(disk)
  const failures = async () => {
    const figures = await (await track.get('/-/metrics')).text()
    return Number(/^btkit_track_save_failures_total (\d+)$/m.exec(figures)?.[1])
  }
  assert.equal(await failures(), 0)
  await track.ask(announceQuery(HASH))
  await until('two failures', async () => (await failures()) >= 2)
  const failed = `btkit: ${stateFile}: could not save the state: no space left on device\n`
  assert.equal(track.stderr.text, failed)
  rmSync(filler)
  const saved = `btkit: warning: ${stateFile}: saving the state works again\n`
  await until('saved again', () => track.stderr.text.includes('again'))
  const { status, stderr } = await track.stop()
  assert.equal(stderr, failed + saved)
  assert.equal(status, 0)
})
