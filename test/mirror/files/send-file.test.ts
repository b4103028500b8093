import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Gate } from '../../../src/server/admission/gate.js'
import type { ByteRange } from '../../../src/server/headers/conditional.js'
import { BufferPool } from '../../../src/base/buffer-pool.js'
import { LARGEST_PART, sendFile } from '../../../src/mirror/files/send-file.js'
import { lookBelow } from '../../../src/mirror/tree/below-root.js'
import { openLater } from '../../../src/mirror/tree/open-looked.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { listenLocally } from '../../support/listen.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'
import { openFiles } from '../../support/when-open.js'

/** Whether what is in memory is read without waiting. */
const readsMemory = loadNative('readNow') !== null

const CONTENT = pseudoRandom(5_000_000, 4)
const WHOLE = { start: 0, end: CONTENT.length }

interface Served {
  readonly range?: ByteRange
  /** Ranges that are sent behind it, each after a line. */
  readonly others?: readonly ByteRange[]
  /** Called after the file is opened. */
  readonly onOpen?: (path: string) => void
  /** Whether the file is read as one of a file system that may wait. */
  readonly waits?: boolean
  /** Whether no byte of the file was in memory when it was opened. */
  readonly isCold?: boolean
  /** Called instead of reading off the event loop, which then never happens. */
  readonly onWait?: () => void
}

/** A pool that counts the buffers in use. */
class CountingPool extends BufferPool {
  used = 0
  most = 0

  override take(bytes: number): Buffer {
    this.most = Math.max(this.most, ++this.used)
    return super.take(bytes)
  }

  override give(buffer: Buffer): void {
    if (buffer.length > 0) this.used--
    super.give(buffer)
  }
}

/** A server of one file; its reads off the event loop come one after the other. */
async function serve(
  t: TestContext,
  { range = WHOLE, others = [], onOpen, waits = false, isCold = false, onWait }: Served = {},
) {
  const root = makeScratch(t, { x: CONTENT })
  const place = { root, followSymlinks: false }
  const gate = new Gate({ limit: 1, maxWaiting: Infinity, maxPerClient: Infinity })
  const reads: number[] = []
  const later = <T>(read: () => Promise<T>) => {
    if (onWait) {
      onWait()
      return new Promise<T>(() => undefined)
    }
    return gate.run({ client: null }, async () => {
      const read_ = await read()
      reads.push(read_ as number)
      return read_
    })
  }
  const pool = new CountingPool()
  const responses: ServerResponse[] = []
  const answer = async (_request: IncomingMessage, response: CountedResponse) => {
    responses.push(response)
    const seen = await lookBelow(place, ['x'])
    const look = { ...seen, native: waits ? null : seen.native }
    const target = pool.take(10)
    const first = { target: target.subarray(0, 10), offset: range.start, isMore: true }
    const opened = (await openLater({ place, path: 'x', look, isFresh: true }, first))!
    onOpen?.(join(root, 'x'))
    const found = isCold ? { ...opened, bytesRead: 0 } : opened
    const parts = [{ head: '', range }, ...others.map((each) => ({ head: '\n', range: each }))]
    const length = parts.reduce(
      (sum, part) => sum + part.range.end - part.range.start,
      others.length,
    )
    response.writeHead(200, { 'Content-Length': length })
    await sendFile(response, { ...found, look, parts, tail: '', buffer: target }, { pool, later })
  }
  const server = createServer({ ServerResponse: CountedResponse }, (request, response) => {
    void answer(request, response)
  })
  const port = await listenLocally(t, server)
  const ask = async () => {
    const request = get({ port, agent: false })
    request.on('error', () => undefined)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }
  const isClosed = () =>
    until('the file is closed', () => !openFiles('self').includes(join(root, 'x')))
  return { ask, isClosed, pool, reads, responses }
}

for (const waits of [false, true]) {
  const where = waits ? 'a file system that may wait' : 'memory'
  test(`a range of a file is sent from ${where}, and the file is closed`, async (t) => {
    for (const [start, end] of [
      [0, CONTENT.length],
      [1, 20],
      [65_535, 1_131_073],
    ] as const) {
      const { ask, isClosed, reads } = await serve(t, { range: { start, end }, waits })
      assert.ok((await buffer(await ask())).equals(CONTENT.subarray(start, end)))
      await isClosed()
      // Without the accelerator, every read may wait
      assert.equal(reads.length > 0, waits || !readsMemory)
    }
  })

  test(`a file of ${where} is sent if none of it was in memory when it was opened`, async (t) => {
    for (const range of [WHOLE, { start: 7, end: 9 }]) {
      const { ask, isClosed, pool } = await serve(t, { range, waits, isCold: true })
      assert.ok((await buffer(await ask())).equals(CONTENT.subarray(range.start, range.end)))
      await isClosed()
      assert.equal(pool.used, 0)
    }
  })

  test(`several ranges from ${where} are sent with one buffer`, async (t) => {
    const others = Array.from({ length: 63 }, (_, i) => ({
      start: 70_000 * i,
      end: 70_000 * i + i + 1,
    }))
    const { ask, isClosed, pool } = await serve(t, {
      range: { start: 9, end: 600_000 },
      others,
      waits,
    })
    const wanted = others.flatMap(({ start, end }) => [
      Buffer.from('\n'),
      CONTENT.subarray(start, end),
    ])
    assert.ok(
      (await buffer(await ask())).equals(Buffer.concat([CONTENT.subarray(9, 600_000), ...wanted])),
    )
    await isClosed()
    assert.deepEqual([pool.used, pool.most], [0, 1])
  })

  test(`the connection ends if a file in ${where} became shorter`, async (t) => {
    const onOpen = (path: string) => {
      truncateSync(path, 100_000)
    }
    const { ask, isClosed } = await serve(t, { onOpen, waits })
    await assert.rejects(buffer(await ask()), { code: 'ECONNRESET' })
    await isClosed()
  })

  test(`the connection ends before its last bytes if a file in ${where} was rewritten in place`, async (t) => {
    const onOpen = (path: string) => {
      writeFileSync(path, CONTENT.toReversed(), { flag: 'r+' })
      utimesSync(path, 1, 1)
    }
    const { ask, isClosed } = await serve(t, { onOpen, waits, others: [{ start: 7, end: 9 }] })
    await assert.rejects(buffer(await ask()), { code: 'ECONNRESET' })
    await isClosed()
  })

  test(`a file in ${where} to which a program appends is sent as it was`, async (t) => {
    const onOpen = (path: string) => {
      appendFileSync(path, 'more')
    }
    const { ask } = await serve(t, { onOpen, waits })
    assert.ok((await buffer(await ask())).equals(CONTENT))
  })

  test(`a client that leaves a download from ${where} has its file closed`, async (t) => {
    const { ask, isClosed, responses } = await serve(t, { waits })
    // The system may take all that is sent, or a part, before it hears that the client left
    for (let time = 0; time < 20; time++) {
      const response = await ask()
      await until('the client takes no more', () => (responses.at(-1)?.writableLength ?? 0) > 0)
      response.destroy()
    }
    await isClosed()
    assert.ok((await buffer(await ask())).equals(CONTENT))
  })
}

test('nothing is read ahead of the client', async (t) => {
  const { ask, responses } = await serve(t)
  const response = await ask()
  response.pause()
  await until('the client takes no more', () => (responses[0]?.writableLength ?? 0) > 0)
  // The part that the system has not taken whole is the last
  assert.ok((responses[0]?.writableLength ?? 0) <= LARGEST_PART)
  response.destroy()
})

test('for a client that takes long for a part, less is read at a time', async (t) => {
  let seconds = 1000
  t.mock.method(process, 'hrtime', () => [seconds, 0])
  const { ask, reads, responses } = await serve(t, { waits: true })
  const response = await ask()
  response.pause()
  await until('the client takes no more', () => (responses[0]?.writableLength ?? 0) > 0)
  seconds += 1
  assert.ok((await buffer(response)).equals(CONTENT))
  assert.ok(reads.includes(64 * 1024), String(reads))
})

test('a download that waits for a disk holds no buffer', async (t) => {
  let waiting = 0
  const { ask, pool } = await serve(t, { waits: true, onWait: () => waiting++ })
  const answers = [await ask(), await ask(), await ask()]
  await until('all wait', () => waiting === 3)
  assert.equal(pool.used, 0)
  for (const answer of answers) answer.destroy()
})
