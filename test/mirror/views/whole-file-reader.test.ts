import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { createWholeFileJob, wholeFileProgress } from '../../../src/hash/jobs/whole-file-job.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { Turn } from '../../../src/mirror/admission/turn.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { WholeFileReader } from '../../../src/mirror/views/whole-file-reader.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { refused } from '../refused.js'

const SIZE = 100 * 2 ** 20

/** A reader, and running jobs on a file whose turns begin and end when the test says so. */
function openReader(t: TestContext) {
  const root = makeScratch(t)
  plantSparse(root, 'a', SIZE)
  const path = join(root, 'a')
  const { device, inode } = readFingerprint(path)
  const pool = new WorkerPool()
  t.after(() => pool.close())
  const reader = new WholeFileReader(pool, new AbortController().signal)
  const begin = () => {
    const job = createWholeFileJob({ path, size: SIZE, device, inode, pieceLength: 2 ** 20 })
    const gone = new AbortController()
    let goOn: () => void = () => undefined
    const next = () => new Promise<void>((resolve) => (goOn = resolve))
    const turn = new Turn({ remaining: () => 0, client: null, signal: gone.signal }, next)
    const done = reader.read(job, gone.signal, turn)
    done.catch(() => undefined)
    const resume = () => {
      turn.begin(1)
      goOn()
    }
    return { job, turn, done, gone, resume }
  }
  return begin
}

test('a paused reading continues where it was', async (t) => {
  const { job, turn, done, resume } = openReader(t)()
  while (wholeFileProgress(job) === 0) await setImmediate()
  turn.end()
  resume()
  await done
  const zeros = createHash('sha256').update(Buffer.alloc(SIZE)).digest('hex')
  assert.equal(Buffer.from(job.sha256).toString('hex'), zeros)
})

test('the number of paused readings is limited', async (t) => {
  const begin = openReader(t)
  const jobs = Array.from({ length: 17 }, begin)
  for (const { turn } of jobs) turn.end()
  await assert.rejects(jobs.at(-1)!.done, refused('busy', /the server is busy/))
  for (const { gone } of jobs) gone.abort(new NotReady('gone', 1))
  for (const { done } of jobs) await assert.rejects(done, refused('busy', /./))
})
