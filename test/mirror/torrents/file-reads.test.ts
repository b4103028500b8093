import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { ScannedFile } from '../../../src/files/scanned-file.js'
import { JobQueue } from '../../../src/mirror/admission/job-queue.js'
import { FileReads } from '../../../src/mirror/torrents/file-reads.js'

const MIB = 2 ** 20
const fingerprint = { size: MIB, mtimeNs: 0n, ctimeNs: 0n, inode: 1n, device: 1n }
const FILE: ScannedFile = { path: ['a'], absolutePath: '/a', fingerprint }

/** Works on one file, each of which ends when its function `end` is called. */
function start() {
  const limits = { limit: 10, maxWaiting: 100, maxPerClient: 100, small: 0 }
  const reads = new FileReads(new JobQueue(limits), () => Promise.resolve())
  const begun: string[] = []
  const read = (name: string, bytes: number) => {
    let end: () => void = () => undefined
    const ending = new Promise<void>((resolve) => (end = resolve))
    const wanted = {
      client: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    }
    const done = reads.run(
      wanted,
      () => ({ files: [FILE], bytes }),
      () => {
        begun.push(name)
        return ending
      },
    )
    return { done, end }
  }
  return { begun, read }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await setImmediate()
}

test('a large work still holds its file after a small one that did not wait for it', async () => {
  const { begun, read } = start()
  const large = read('large', 4096 * MIB)
  await settle()
  const small = read('small', MIB)
  await settle()
  assert.deepEqual(begun, ['large', 'small'])
  small.end()
  await small.done
  await settle()
  const another = read('another', 4096 * MIB)
  await settle()
  assert.deepEqual(begun, ['large', 'small'])
  large.end()
  await large.done
  await settle()
  assert.deepEqual(begun, ['large', 'small', 'another'])
  another.end()
  await another.done
})
