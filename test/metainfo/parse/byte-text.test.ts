import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, readText } from '../../../src/metainfo/parse/byte-text.js'
import { WarningList } from '../../../src/metainfo/warning.js'

const LATIN1_NAME = Buffer.from('caf\xe9', 'latin1')

function read(bytes: Uint8Array, twin?: Uint8Array | number) {
  const warnings = new WarningList()
  const text = readText({ bytes, twin, what: () => 'info.name', warnings })
  return { text, warnings: warnings.toArray() }
}

test('UTF-8 is read as it is, with its byte order mark and its own replacement characters', () => {
  for (const text of ['', 'a', 'café \u{1f600}', '\ufeffa', 'a\ufffd', 'a\0\n']) {
    assert.deepEqual(read(Buffer.from(text)), { text, warnings: [] })
  }
})

test('other bytes are replaced, with a warning', () => {
  assert.deepEqual(read(LATIN1_NAME), {
    text: 'caf\ufffd',
    warnings: [{ code: 'not-utf8', message: 'info.name: not UTF-8, read as "caf\ufffd"' }],
  })
})

test('the twin of other bytes is read in their place, if it is UTF-8', () => {
  assert.deepEqual(read(LATIN1_NAME, Buffer.from('café')), { text: 'café', warnings: [] })
  for (const useless of [LATIN1_NAME, 3]) {
    const { text, warnings } = read(LATIN1_NAME, useless)
    assert.equal(text, 'caf\ufffd')
    assert.equal(warnings.length, 1)
  }
})

test('the twin of UTF-8 is not read', () => {
  assert.equal(read(Buffer.from('a'), Buffer.from('b')).text, 'a')
})

test('the warning is safe to print', () => {
  const [warning] = read(Buffer.from('\x1b[2J\xe9', 'latin1')).warnings
  assert.equal(warning?.message, 'info.name: not UTF-8, read as "\\x1b[2J\ufffd"')
})

test('decoding never fails', () => {
  assert.equal(decodeUtf8(Buffer.from([0x61, 0xff, 0xed, 0xa0, 0x80])), 'a\ufffd\ufffd\ufffd\ufffd')
})
