import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOfTrackers, trackersIn, wordsOfAge, wordsOfSize } from '../../src/browser/words.js'

test('an age is the largest unit that it fills', () => {
  const ages = [59, 60, 3599, 7200, 86_400, 200_000, 2_592_000, 70_000_000].map(wordsOfAge)
  assert.deepEqual(ages, [null, '1 min', '59 min', '2 h', '1 day', '2 days', '1 month', '2 years'])
})

test('a size has the unit in which it is below 1024', () => {
  assert.deepEqual([0, 1023, 1024, 1.5 * 2 ** 30].map(wordsOfSize), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 GiB',
  ])
})

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
