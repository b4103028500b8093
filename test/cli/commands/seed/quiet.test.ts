import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { startCollecting } from '../../../support/executable.js'
import { listenLocally } from '../../../support/listen.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { until } from '../../../support/until.js'

test('seed --quiet prints nothing, even if many announces wait at the same time', async (t) => {
  const files = Array.from({ length: 12 }, (_, n) => [`${n}.bin`, `content ${n}`] as const)
  const directory = makeScratch(t, Object.fromEntries(files))
  const waiting: ServerResponse[] = []
  const tracker = createServer((request, response) => {
    if (request.url?.includes('event=stopped')) response.end('d8:intervali1800e5:peers0:e')
    else waiting.push(response)
  })
  const url = `http://127.0.0.1:${await listenLocally(t, tracker)}/announce`
  const complete = ['completedir', url, directory, '--no-cache', '--min-age', '0']
  assert.equal((await runBtkit(complete)).status, 0)

  const place = ['--host', '127.0.0.1', '--port', '0', '--no-cache', '--parse-dir-interval', '1']
  const { child, ended } = startCollecting('btkit', ['seed', directory, '--quiet', ...place], { t })
  await until('all are announced', () => waiting.length === 12)
  for (const response of waiting) response.end('d8:intervali1800e5:peers0:e')
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  // The files of a test are new
  const others = stderr.replace(/^.*was written just now.*\n/gm, '')
  assert.deepEqual({ status, stdout, others }, { status: 0, stdout: '', others: '' })
})
