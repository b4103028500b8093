import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { declareTrackOptions } from '../../../src/cli/commands/track/options.js'
import { trackerSettings } from '../../../src/cli/commands/track/request.js'
import type { Io } from '../../../src/cli/io.js'
import { runTracker } from '../../../src/tracker/server/run.js'
import { whenOneEnds } from '../../../src/tracker/server/start-threads.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'

const waiting = () => new Worker('setInterval(() => undefined, 1000)', { eval: true })

test('a thread that ends is an error of the whole', async (t) => {
  const others = [waiting(), waiting()]
  t.after(() => Promise.all(others.map((other) => other.terminate())))
  const ending = new Worker('process.exit(0)', { eval: true })
  const message = 'a thread that answers has ended, and the sockets with it'
  await assert.rejects(whenOneEnds([...others, ending]), { code: 'io', message })
})

test('a tracker whose threads can not begin listens no more', async (t) => {
  const directory = makeScratch(t)
  // The port of one that was there before, and so is free
  const before = await startTrack(t)
  await before.stop()
  const place = ['--host', '127.0.0.1', '--port', String(before.port)]
  const args = [...place, '--workers', '2', '--state', join(directory, 'state')]
  const io = { env: {}, cwd: directory, isRoot: false } as Io
  const settings = trackerSettings(
    declareTrackOptions(false).parse(args, { from: 'user' }).opts(),
    io,
    null,
  )
  // What no thread can be given
  const odd = { ...settings, answers: { ...settings.answers, odd: () => undefined } }
  const nothing = () => undefined
  const world = {
    now: Date.now,
    monotonic: () => performance.now(),
    writeLog: nothing,
    warn: nothing,
    onError: nothing,
  }
  await assert.rejects(runTracker(odd, world), { name: 'DataCloneError' })
  const tracker = await runTracker({ ...settings, workers: 1 }, world)
  await tracker.stop()
})
