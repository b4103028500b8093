import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ForwardedPages } from '../../../src/tracker/server/forwarded-pages.js'
import { lineAnswer } from '../../../src/tracker/page/page-answer.js'

const REQUEST = { path: '/', query: '', announceUrls: [] }

test('a request gets its own answer, in whatever order they come', async () => {
  const pages = new ForwardedPages(() => undefined)
  const [first, second] = [pages.answer(REQUEST), pages.answer(REQUEST)]
  pages.hear(2, lineAnswer(200, 'second'))
  pages.hear(1, lineAnswer(200, 'first'))
  pages.hear(1, lineAnswer(200, 'again'))
  assert.deepEqual([(await first).body, (await second).body], ['first\n', 'second\n'])
})

test('a request that the other thread does not answer is answered in time, and its connection closed', async () => {
  const { status, headers } = await new ForwardedPages(() => undefined, 1).answer(REQUEST)
  assert.deepEqual([status, headers.Connection, headers['Retry-After']], [503, 'close', '5'])
})
