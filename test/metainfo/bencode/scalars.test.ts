import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDigit, takeInteger, takeString } from '../../../src/metainfo/bencode/scalars.js'

function cursorAt(text: string, offset: number) {
  return { bytes: Buffer.from(text), offset }
}

test('an integer is read where the cursor is, which then stands behind it', () => {
  const cursor = cursorAt('xi-42ey', 1)
  assert.equal(takeInteger(cursor), -42)
  assert.equal(cursor.offset, 6)
})

test('integers around the exact digits of a number are right', () => {
  for (const digits of ['0', '999999999999999', '1000000000000000', '-999999999999999']) {
    assert.equal(takeInteger(cursorAt(`i${digits}e`, 0)), Number(digits))
  }
  assert.equal(takeInteger(cursorAt('i-9007199254740993e', 0)), -9007199254740993n)
})

test('a string is read where the cursor is, which then stands behind it', () => {
  const cursor = cursorAt('x3:abcy', 1)
  assert.deepEqual(takeString(cursor), new Uint8Array([0x61, 0x62, 0x63]))
  assert.equal(cursor.offset, 6)
})

test('digits are the ASCII ones', () => {
  assert.ok(isDigit(0x30) && isDigit(0x39))
  assert.ok(!isDigit(0x2f) && !isDigit(0x3a) && !isDigit(undefined))
})
