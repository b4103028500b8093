import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { BtkitError, type ErrorCode } from '../../../src/base/errors.js'
import { prefersHtml, prefersJson, wantsPage } from '../../../src/server/headers/accept.js'
import { fitted, jsonAnswer, textAnswer } from '../../../src/server/headers/answer.js'
import {
  errorAnswer,
  errorFor,
  NotReady,
  Refusal,
  type RefusalCode,
} from '../../../src/server/headers/refusal.js'

/** RFC 9110 and 6585 name the meanings. */
const STATUSES: readonly (readonly [RefusalCode, number])[] = [
  ['usage', 400],
  ['not-permitted', 403],
  ['not-found', 404],
  ['stalled', 408],
  ['changed', 409],
  ['exists', 409],
  ['too-large', 413],
  ['bad-name', 422],
  ['empty', 422],
  ['incompatible', 422],
  ['too-many', 422],
  ['throttled', 429],
  ['io', 500],
  ['busy', 503],
]

test('an error has the same status for strangers and for who runs the program', () => {
  for (const [code, status] of STATUSES) {
    const error = new Refusal(code, `x: ${code}`)
    for (const to of ['strangers', 'owner'] as const) {
      const answer = errorAnswer(error, to)
      assert.deepEqual([answer.status, answer.body], [status, `x: ${code}\n`], to)
    }
    assert.equal(errorAnswer(new BtkitError(code, '/secret: no'), 'owner').status, status)
  }
})

test('strangers get no paths of the server, and may ask again for what passes', () => {
  const codes: ErrorCode[] = ['not-found', 'not-permitted', 'bad-name', 'empty', 'changed', 'io']
  for (const code of [...codes, 'interrupted', 'kernel'] as const) {
    const { status, headers, body } = errorAnswer(new BtkitError(code, '/secret: no'))
    assert.doesNotMatch(String(body), /secret/, code)
    assert.equal(headers['Retry-After'] !== undefined, status === 503, code)
  }
  const { headers } = errorAnswer(new NotReady('later', 7))
  assert.equal(headers['Retry-After'], '7')
})

test('an error of the HTTP library has its status, if that is one of the client', () => {
  const answers = [399, 400, 499, 500].map((statusCode) => errorAnswer({ statusCode }))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [500, 400, 499, 500],
  )
})

/** What clients accept, and whether they get a page, or JSON. */
const ACCEPTED: readonly (readonly [accept: string | undefined, html: boolean, json: boolean])[] = [
  // Chromium, Firefox, lynx and w3m
  [
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    true,
    false,
  ],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true, false],
  ['text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01', true, false],
  ['text/html, text/*;q=0.5, image/*, application/*', true, false],
  // curl and wget, and aria2
  ['*/*', false, false],
  ['*/*,application/metalink4+xml,application/metalink+xml', false, false],
  [undefined, false, false],
  ['text/*', false, false],
  ['text/html;q=0, */*', false, false],
  ['text/html;q=much', false, false],
  ['text/html;q=0.5, application/x-bittorrent', false, false],
  ['application/json', false, true],
  ['Application/JSON; charset=utf-8, text/html;q=0.8', false, true],
  ['text/html;q=0.5, application/json;q=0.6', false, true],
  ['text/html, application/json', true, true],
  ['text/html, application/json;q=0.9', true, false],
]

for (const [accept, html, json] of ACCEPTED) {
  test(`Accept: ${accept} prefers ${html ? 'a page' : 'no page'}, ${json ? '' : 'no '}JSON`, () => {
    assert.deepEqual([prefersHtml(accept), prefersJson(accept)], [html, json])
    const wants = ['GET', 'HEAD', 'POST'].map((method) =>
      wantsPage({ method, headers: { accept } }),
    )
    assert.deepEqual(wants, [html, html, false])
  })
}

test('an error is a page, JSON or a line, as its client prefers', async () => {
  const page = () => textAnswer('text/html', '<h1>no</h1>')
  const error = new NotReady('not yet; try again', 3)
  for (const [accept, body] of [
    ['text/html,*/*;q=0.8', '<h1>no</h1>'],
    ['application/json', '{"error":"not yet; try again"}\n'],
    ['*/*', 'not yet; try again\n'],
  ] as const) {
    const answer = await errorFor({ method: 'GET', headers: { accept } }, error, page)
    assert.deepEqual([answer.status, answer.body], [503, body])
    assert.deepEqual(
      [answer.headers['Retry-After'], answer.headers['Vary']],
      ['3', 'Accept, Accept-Encoding'],
    )
  }
})

test('a text is compressed for who accepts that, and sent once to who has it', async () => {
  const answer = jsonAnswer('x'.repeat(2000))
  const plain = await fitted({ method: 'GET', headers: {} }, answer)
  const packed = await fitted({ method: 'HEAD', headers: { 'accept-encoding': 'gzip' } }, answer)
  assert.deepEqual(gunzipSync(packed.body), plain.body)
  assert.equal(packed.headers['Content-Length'], String(packed.body.length))
  for (const { headers } of [plain, packed]) {
    const known = { 'if-none-match': headers['ETag'] ?? '' }
    const again = await fitted({ method: 'GET', headers: known }, answer)
    assert.deepEqual([again.status, again.body], [304, ''])
    assert.equal(again.headers['Content-Type'], undefined)
  }
  // Forms are answered again
  const known = { 'if-none-match': plain.headers['ETag'] ?? '' }
  assert.equal((await fitted({ method: 'POST', headers: known }, answer)).status, 200)
})

test('what no cache may keep has no ETag', async () => {
  for (const caching of ['no-store', 'private, no-cache']) {
    const { headers } = await fitted({ method: 'GET', headers: {} }, jsonAnswer(1, caching))
    assert.equal(headers['ETag'], undefined, caching)
    assert.equal(headers['X-Content-Type-Options'], 'nosniff')
  }
})
