import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { FORM } from '../ask.js'
import { digestAddress } from '../hostile/siege.js'
import { connectWhile, startTwo } from './two-workers.js'

test(
  'a form that is too large is refused in words, however much has come',
  unlessProc,
  async (t) => {
    const args = ['--max-body', '1KiB']
    const { port, mainPid } = await startTwo(t, makeScratch(t), { args })
    const path = digestAddress(['/yum/a'])
    for (const size of [2000, 100_000, 1_000_000]) {
      for (const length of [{ 'Content-Length': 2 * size }, { 'Transfer-Encoding': 'chunked' }]) {
        const agent = await connectWhile(t, port, mainPid)
        const headers = { ...FORM, ...length }
        const asked = request({ port, host: '127.0.0.1', path, method: 'POST', agent, headers })
        // What is refused is not read to its end
        asked.on('error', () => undefined)
        asked.write(Buffer.alloc(size, 'x'))
        const [answer] = (await once(asked, 'response')) as [IncomingMessage]
        assert.equal(answer.statusCode, 413, `${JSON.stringify(length)}, ${size} bytes`)
        assert.equal(answer.headers.connection, 'close')
        answer.resume()
        asked.destroy()
      }
    }
  },
)
