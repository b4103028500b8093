import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { parseAnswers, readToEnd, requestText } from '../hostile/raw.js'
import { connectRawWhile, CONTINUE, HOST, startTwo } from './two-workers.js'

/** More than are read of a connection at once. */
const COUNT = 3000

for (const who of ['main process', 'worker'] as const) {
  const options = { ...unlessProc, timeout: 60_000 }
  test(
    `thousands of pipelined requests to the ${who} are answered in order`,
    options,
    async (t) => {
      const root = makeScratch(t, { a: 'content of a', b: 'content of b' })
      const { port, mainPid, workerPid } = await startTwo(t, root)
      const other = who === 'worker' ? mainPid : workerPid
      const socket = await connectRawWhile(t, port, other)
      const received = readToEnd(socket)
      const targets = Array.from(
        { length: COUNT },
        (_, i) => ['/-/health', '/a', '/b'][i % 3] ?? '',
      )
      const requests = targets.map((target) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`)
      socket.write(requests.join('') + requestText('GET /a'))
      const bodies = { '/-/health': 'ok\n', '/a': 'content of a', '/b': 'content of b' }
      assert.deepEqual(
        parseAnswers((await received).slice(CONTINUE.length)).map(({ body }) => body),
        ['/-/health', ...targets, '/a'].map((target) => bodies[target as keyof typeof bodies]),
      )
    },
  )
}
