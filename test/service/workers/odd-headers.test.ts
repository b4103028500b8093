import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { parseAnswers, readToEnd, requestText } from '../hostile/raw.js'
import { childrenOf, connectRawWhile, CONTINUE, HOST, startTwo } from './two-workers.js'

const CHUNKS = '3\r\nabc\r\n0\r\nA: b\r\n\r\n'

/** A path, what a header says beside Host and Connection, and a body. */
const REQUESTS: readonly (readonly [path: string, field?: string, body?: string])[] = [
  ['/a', 'Trailer: x'],
  ['/a', 'Trailer: x\r\nContent-Length: 0'],
  ['/a', 'Trailer: a\r\nTransfer-Encoding: chunked', CHUNKS],
  ['/a', 'Transfer-Encoding: gzip, chunked', CHUNKS],
  ['/a', 'TE: trailers'],
  ['/a', 'Connection: TE, host, content-length'],
  ['/a', 'Connection: keep-alive\r\nConnection: close'],
  ['/a', 'Proxy-Connection: x\r\nKeep-Alive: x'],
  ['/a', 'Connection: upgrade\r\nUpgrade: h2c'],
  ['/a', 'Expect: 100-continue\r\nContent-Length: 0'],
  ['/a', 'X-A: \xff\t\xe2'],
  ['/a', 'Accept: \xff'],
  ['/a', 'Accept: a\r\nAccept: b'],
  ['/a', 'Content-Type: a\r\nContent-Type: b'],
  ['/a', 'Date: x\r\nSet-Cookie: x\r\nCookie: x'],
  ['/a', 'Host: other.example'],
]

test(
  'whatever a header says, the worker lives on and answers as the service alone does',
  {
    ...unlessProc,
    timeout: 60_000,
  },
  async (t) => {
    const { port, mainPid, workerPid } = await startTwo(t, makeScratch(t, { a: 'content' }))
    for (const [path, field = 'X-A: b', body] of REQUESTS) {
      const bytes = requestText(`GET ${path}`, [HOST.trim(), field], body)
      const answered = async (other: number) => {
        const socket = await connectRawWhile(t, port, other)
        const received = readToEnd(socket)
        socket.write(Buffer.from(bytes, 'latin1'))
        const answers = parseAnswers((await received).replaceAll(CONTINUE, ''))
        return answers.map(({ status, body }) => [status, body])
      }
      const main = await answered(workerPid)
      assert.equal(main.length, 2)
      assert.deepEqual(await answered(mainPid), main, `${path} ${field}`)
    }
    assert.deepEqual(childrenOf(mainPid), [workerPid])
  },
)
