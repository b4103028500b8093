import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { parseAnswers, requestText } from '../hostile/raw.js'
import { connectRawWhile, CONTINUE, HOST, startTwo } from './two-workers.js'

const STATUSES = { '/a': 200, '/-/health': 200, '/none': 404 }

for (const who of ['main process', 'worker'] as const) {
  const options = { ...unlessProc, timeout: 20_000 }
  test(`the ${who} answers before a body that it has no use for`, options, async (t) => {
    const root = makeScratch(t, { a: 'content of a', b: 'content of b' })
    const { port, mainPid, workerPid } = await startTwo(t, root)
    for (const [path, status] of Object.entries(STATUSES)) {
      const socket = await connectRawWhile(t, port, who === 'worker' ? mainPid : workerPid)
      let received = ''
      socket.setEncoding('latin1').on('data', (bytes: string) => (received += bytes))
      const answers = () => parseAnswers(received.slice(CONTINUE.length))
      const isAnswered = () => {
        const [, answer] = answers()
        return answer?.headers.get('content-length') === String(answer?.body.length)
      }
      socket.write(`GET ${path} HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\n`)
      while (!isAnswered()) await once(socket, 'data')
      const closed = once(socket, 'close')
      socket.write(`abc${requestText('GET /b')}`)
      await closed
      const statuses = answers().map((answer) => answer.status)
      assert.deepEqual([statuses, answers()[2]?.body], [[200, status, 200], 'content of b'])
    }
  })
}
