import type { TestContext } from 'node:test'
import { type QueuedJob, Queue } from '../../src/server/admission/queue.js'

/** Hashing that begins when a test wants it to. */
export interface HeldHashing {
  /** Has all torrents that are asked for be as far as that: a share of their bytes. */
  readonly reach: (share: number) => void
  /** Lets hashing begin, for those that wait and for all after them. */
  readonly release: () => void
  /** How many were given up so far. */
  readonly abandoned: () => number
  /** The paths of all files that were to be hashed so far. */
  readonly asked: () => readonly string[]
}

/** Holds up all hashing of services that run inside the test. */
export function holdHashing(t: TestContext): HeldHashing {
  const enter = Reflect.get(Queue.prototype, 'enter')
  const asked: string[] = []
  const told = new Set<(share: number) => void>()
  let [share, abandoned]: [number | null, number] = [null, 0]
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  const hold = async (queue: Queue, job: QueuedJob) => {
    const { size, signal } = job.of
    const tell = (part: number) => {
      queue.note(job, part * size)
    }
    asked.push(...(job.of.files ?? []))
    told.add(tell)
    if (share !== null) tell(share)
    const givenUp = new Promise((resolve) => {
      signal?.addEventListener('abort', resolve)
    })
    await Promise.race([gate, givenUp])
    told.delete(tell)
    if (signal?.aborted) abandoned++
    await enter.call(queue, job)
  }
  t.mock.method(Queue.prototype, 'enter', function (this: Queue, job: QueuedJob) {
    return job.of.files ? hold(this, job) : enter.call(this, job)
  })
  return {
    reach: (part) => {
      share = part
      for (const tell of told) tell(part)
    },
    release: () => {
      release()
    },
    abandoned: () => abandoned,
    asked: () => asked,
  }
}
