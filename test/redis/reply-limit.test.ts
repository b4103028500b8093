import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplyLimit } from '../../src/redis/reply-limit.js'

const MIB = 2 ** 20

/** Replies as the RESP2 specification spells them. */
const REPLIES = ['+OK', '-ERR no', ':-7', '$-1', '*-1', '*0', '$4\r\n*9\r\n', '*2\r\n:1\r\n$1\r\nx']

test('replies that are split anywhere are followed', () => {
  const bytes = Buffer.from(REPLIES.map((reply) => `${reply}\r\n`).join(''))
  for (let first = 1; first <= bytes.length; first++) {
    const limit = new ReplyLimit()
    limit.follow(bytes.subarray(0, first))
    for (const byte of bytes.subarray(first)) limit.follow(Buffer.of(byte))
    // Only then a new item begins
    assert.throws(() => {
      limit.follow(Buffer.from('x'))
    }, /does not speak/)
  }
})

test('many replies may be larger together than one', () => {
  const limit = new ReplyLimit()
  const reply = Buffer.from(`$${40 * MIB}\r\n${'x'.repeat(40 * MIB)}\r\n`)
  limit.follow(reply)
  limit.reset()
  assert.doesNotThrow(() => {
    limit.follow(reply)
  })
})

const LARGE = {
  'strings in an array': `*2\r\n$${40 * MIB}\r\n`,
  'a line without an end': '+',
}

for (const [title, beginning] of Object.entries(LARGE)) {
  test(`${title} of more than 64 MiB are refused`, () => {
    const limit = new ReplyLimit()
    limit.follow(Buffer.from(beginning))
    assert.throws(() => {
      for (let sent = 0; sent < 40; sent++) limit.follow(Buffer.alloc(MIB, 'x'))
      limit.follow(Buffer.from(`\r\n$${40 * MIB}\r\n`))
    }, /more than 64 MiB/)
  })
}

for (const length of ['', '-2', '1e9', '0x10', '-', ' 1', '99999999999']) {
  test(`a length of ${JSON.stringify(length)} is refused`, () => {
    assert.throws(() => {
      new ReplyLimit().follow(Buffer.from(`$${length}\r\n`))
    }, /a length that is none|more than 64 MiB/)
  })
}
