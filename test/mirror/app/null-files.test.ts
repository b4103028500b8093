import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { MOUNT } from './yum-client.js'

const BLOCK = 2 ** 20
const addressOf = (name: string) => `${MOUNT}/nullfile/${name}`

test('a null file has as many zeros as its name says', async (t) => {
  const { port } = await serveMirror(t)
  for (const size of [0, 1, 1000, BLOCK - 1, BLOCK]) {
    const { status, headers, body } = await ask(port, addressOf(`${size}_7`))
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.equal(headers['content-length'], String(size))
    assert.deepEqual(body, Buffer.alloc(size))
  }
})

test('HEAD of a null file has its size', async (t) => {
  const { port } = await serveMirror(t)
  const { status, headers, body } = await ask(port, addressOf('1000_0'), { method: 'HEAD' })
  assert.deepEqual([status, headers['content-length'], body.length], [200, '1000', 0])
})

test('a part of a null file can be requested', async (t) => {
  const { port } = await serveMirror(t)
  const cases = [
    { range: 'bytes=0-9', contentRange: 'bytes 0-9/1000', length: 10 },
    { range: 'bytes=990-', contentRange: 'bytes 990-999/1000', length: 10 },
    { range: 'bytes=-1', contentRange: 'bytes 999-999/1000', length: 1 },
    { range: 'bytes=5-5000', contentRange: 'bytes 5-999/1000', length: 995 },
  ]
  for (const { range, contentRange, length } of cases) {
    const answer = await ask(port, addressOf('1000_0'), { headers: { Range: range } })
    assert.equal(answer.status, 206, range)
    assert.equal(answer.headers['content-range'], contentRange)
    assert.deepEqual(answer.body, Buffer.alloc(length))
  }
})

test('a part outside a null file is 416', async (t) => {
  const { port } = await serveMirror(t)
  for (const name of ['1000_0', '0_0']) {
    const answer = await ask(port, addressOf(name), { headers: { Range: 'bytes=1000-' } })
    assert.equal(answer.status, 416)
    assert.equal(answer.headers['content-range'], `bytes */${name.split('_')[0]!}`)
  }
})

test('a client that has a null file gets 304', async (t) => {
  const { port } = await serveMirror(t)
  const { headers } = await ask(port, addressOf('5_0'))
  const condition = { 'If-None-Match': headers.etag! }
  assert.equal((await ask(port, addressOf('5_0'), { headers: condition })).status, 304)
})
