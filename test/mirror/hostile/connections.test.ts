import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { plantSparse } from '../../support/scratch.js'
import { parseAnswers, rawRequest, readToEnd, type RawAnswer } from './raw.js'
import { besiege, digestAddress } from './siege.js'

const HOST = 'Host: mirror.example'

/** Requests that servers on the way may interpret differently. */
const AMBIGUOUS: [what: string, fields: string[]][] = [
  ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
  ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
  ['a list of lengths', ['Content-Length: 5, 5']],
  ['a length with a sign', ['Content-Length: +5']],
  ['a length below zero', ['Content-Length: -5']],
  ['a hexadecimal length', ['Content-Length: 0x5']],
  ['a length beyond all measure', [`Content-Length: ${'9'.repeat(30)}`]],
  ['an unknown encoding', ['Transfer-Encoding: xchunked']],
  ['chunks that are not the outermost', ['Transfer-Encoding: chunked, identity']],
  ['a blank before the colon', ['Transfer-Encoding : chunked']],
  ['a folded header', ['Transfer-Encoding:', ' chunked']],
  ['a header without a colon', ['Transfer-Encoding chunked']],
  ['a NUL in a header', ['X: a\0b']],
  ['a bare carriage return', ['X: a\rTransfer-Encoding: chunked']],
]

test('refuses ambiguous headers, and does not see a second request in them', async (t) => {
  await besiege(t, {}, async ({ port, checkRefused }) => {
    for (const [what, fields] of AMBIGUOUS) {
      await t.test(what, async () => {
        const type = 'Content-Type: application/x-www-form-urlencoded'
        const smuggled = '0\r\n\r\nGET /yum/good.rpm HTTP/1.1\r\nHost: mirror.example\r\n\r\n'
        const line = `POST ${digestAddress(['/yum/good.rpm'])} HTTP/1.1`
        const request = [line, HOST, type, ...fields, '', smuggled].join('\r\n')
        const answers = parseAnswers(await rawRequest(port, request))
        assert.equal(answers.length, 1)
        checkRefused(answers[0]!, 400, 413)
      })
    }
  })
})

test('an error of a second request does not mix into the answer to the first', async (t) => {
  const plant = (root: string) => {
    plantSparse(root, 'zeros', 32 * 2 ** 20)
  }
  await besiege(t, { plant }, async ({ port }) => {
    const socket = connect(port, '127.0.0.1')
    const received = readToEnd(socket)
    socket.write(`GET /zeros HTTP/1.1\r\n${HOST}\r\n\r\n`)
    await once(socket, 'data')
    socket.write('garbage\r\n\r\n')
    // Closed or served: all bytes received belong to the file
    const [{ status, body }] = parseAnswers(await received) as [RawAnswer]
    assert.equal(status, 200)
    assert.doesNotMatch(body, /[^\0]/)
  })
})
