import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureWords } from '../../src/clients/deluge.js'

/** As Deluge 2.0.3 has what its daemon raised. */
function failureOf(raised: string, rest: string): string {
  const head = 'Failure: [Failure instance: Traceback (failure with no frames): '
  return `${head}<class 'deluge.error.${raised}\n${rest}]`
}

void test('of a failure of the daemon its words are told, not its traceback', () => {
  const traceback = 'Traceback (most recent call last):\n  File "core.py", line 9, in call\n\n'
  const unknown = failureOf("WrappedException'>: Unknown Torrent", traceback)
  assert.equal(failureWords(unknown), 'Unknown Torrent')
  const twice = failureOf("AddTorrentError'>: Torrent already in session (00).", '')
  assert.equal(failureWords(twice), 'Torrent already in session (00).')
})

void test('a failure without words is told by its class', () => {
  assert.equal(failureWords(failureOf("InvalidPathError'>: ", '')), 'deluge.error.InvalidPathError')
})

void test('of a plain traceback the last line is told', () => {
  const message = 'Traceback (most recent call last):\n  File "a"\nKeyError: label\n]'
  assert.equal(failureWords(message), 'KeyError: label')
  assert.equal(failureWords('Unknown method'), 'Unknown method')
  assert.equal(failureWords(']'), 'fails without saying why')
})
