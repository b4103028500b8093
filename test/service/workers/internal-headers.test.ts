import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHandedFile, encodeHandedFile } from '../../../src/service/workers/handed-file.js'
import {
  ASKED,
  neededHeaders,
  passedHeaders,
  TOLD,
} from '../../../src/service/workers/internal-headers.js'

test('what is said twice is passed on twice, in its order', () => {
  const fields = ['Host', 'a', 'If-Match', '1', 'host', 'b', 'Accept', '*/*']
  assert.deepEqual(neededHeaders(fields), fields)
})

test('of a request, only what is looked at is passed on', () => {
  const fields = ['Connection', 'close, X-A', 'Upgrade', 'x', 'Trailer', 'x', 'X-A', '1']
  assert.deepEqual(neededHeaders([...fields, 'Host', 'a']), ['Host', 'a'])
})

test('of an answer, all is passed on but what belongs to a connection', () => {
  const fields = ['Connection', 'close', 'Transfer-Encoding', 'chunked', 'Date', 'x']
  assert.deepEqual(passedHeaders([...fields, 'X-A', '1']), ['X-A', '1'])
})

test('no stranger can say what workers say', () => {
  for (const name of [...Object.values(ASKED), ...Object.values(TOLD)]) {
    assert.deepEqual(neededHeaders([name.toUpperCase(), 'x', name, 'y']), [])
    assert.deepEqual(passedHeaders([name, 'y']), [])
  }
})

test('a file that is handed over is the same on the other side', () => {
  const fingerprint = {
    size: 2 ** 52,
    mtimeNs: -1n,
    ctimeNs: 1_700_000_000_123_456_789n,
    inode: 2n ** 63n,
    device: 65_024n,
  }
  const file = { absolutePath: '/srv/é "x"\n☃', fingerprint, start: 1, end: 2 ** 52 }
  const text = encodeHandedFile(file)
  assert.match(text, /^[\w-]+$/)
  assert.deepEqual(decodeHandedFile(text), file)
})
