import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOfTrackers, trackersIn } from '../../src/browser/words.js'

test('an empty line or a bar begins a tier of trackers, and commas do not', () => {
  const [a, b, c] = ['http://a.example/announce', 'udp://b.example:80', 'wss://c.example/x,y']
  for (const text of [`${a}\n${b}\n\n${c}`, `${a},${b}|${c}`, `\r\n${a}\r\n${b} \r\n\r\n ${c} `])
    assert.deepEqual(
      trackersIn(text.trim()),
      [
        [a, false],
        [b, false],
        [c, true],
      ],
      text,
    )
})

test('rows are written as they are read, and an empty row begins no tier', () => {
  const text = 'http://a/\nhttp://b/\n\nhttp://c/'
  assert.equal(textOfTrackers(trackersIn(text)), text)
  assert.equal(
    textOfTrackers([
      ['http://a/', false],
      ['', false],
      ['http://b/', false],
      ['', true],
      ['http://c/', false],
    ]),
    text,
  )
})
