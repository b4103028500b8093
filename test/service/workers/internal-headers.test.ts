import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHandedFile, encodeHandedFile } from '../../../src/service/workers/handed-file.js'
import { ASKED, passedHeaders, TOLD } from '../../../src/service/workers/internal-headers.js'

test('what is said twice is passed on twice, in its order', () => {
  const fields = ['Host', 'a', 'X-A', '1', 'host', 'b', 'Accept', '*/*']
  assert.deepEqual(passedHeaders(fields), fields)
})

test('what belongs to a connection is not passed on', () => {
  const fields = [
    'Connection',
    'close, X-A',
    'Keep-Alive',
    '5',
    'Upgrade',
    'x',
    'Expect',
    '100-continue',
  ]
  assert.deepEqual(passedHeaders([...fields, 'Host', 'a']), ['Host', 'a'])
})

test('no stranger can say what workers say', () => {
  for (const name of [...Object.values(ASKED), ...Object.values(TOLD)]) {
    assert.deepEqual(passedHeaders([name.toUpperCase(), 'x', name, 'y', 'Host', 'a']), [
      'Host',
      'a',
    ])
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
