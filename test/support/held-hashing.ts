import type { TestContext } from 'node:test'
import { FileHasher } from '../../src/mirror/torrents/file-hasher.js'

/** Hashing that begins when a test wants it to. */
export interface HeldHashing {
  /** Has all torrents that are asked for be as far as that: a share of their bytes. */
  readonly reach: (share: number) => void
  /** Lets hashing begin, for those that wait and for all after them. */
  readonly release: () => void
  /** How many were given up so far. */
  readonly abandoned: () => number
}

/** Holds up all hashing of services that run inside the test. */
export function holdHashing(t: TestContext): HeldHashing {
  const obtain = Reflect.get(FileHasher.prototype, 'obtain')
  const told = new Set<(share: number) => void>()
  let [share, abandoned]: [number | null, number] = [null, 0]
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  const held: typeof obtain = async function (this: FileHasher, wanted) {
    const { size } = wanted.request.content
    const tell = (part: number) => {
      wanted.onProgress(part * size, size)
    }
    told.add(tell)
    if (share !== null) tell(share)
    const givenUp = new Promise((resolve) => {
      wanted.signal.addEventListener('abort', resolve)
    })
    await Promise.race([gate, givenUp])
    told.delete(tell)
    if (wanted.signal.aborted) abandoned++
    return obtain.call(this, wanted)
  }
  t.mock.method(FileHasher.prototype, 'obtain', held)
  return {
    reach: (part) => {
      share = part
      for (const tell of told) tell(part)
    },
    release: () => {
      release()
    },
    abandoned: () => abandoned,
  }
}
