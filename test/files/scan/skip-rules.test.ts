import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipReasonOf } from '../../../src/files/scan/entry.js'
import { makeTemporaryName } from '../../../src/files/temporary-name.js'

test('hidden names and those of systems are left out', () => {
  assert.equal(skipReasonOf('.git', false), 'hidden')
  for (const name of ['core', 'CVS', '.DS_Store', 'Thumbs.db', 'desktop.ini', 'lost+found']) {
    assert.equal(skipReasonOf(name, false), 'system', name)
  }
})

test('names that only look like those are taken', () => {
  for (const name of ['core.1', 'Core', 'cvs', 'a.b', 'x.DS_Store', 'x.btkit-tmp']) {
    assert.equal(skipReasonOf(name, false), undefined, name)
  }
})

test('with all, only our own temporary files are left out', () => {
  for (const name of ['.git', 'core', 'CVS', '.DS_Store']) {
    assert.equal(skipReasonOf(name, true), undefined, name)
  }
  const ours = makeTemporaryName('x.torrent')
  assert.equal(skipReasonOf(ours, true), 'temporary file')
  assert.equal(skipReasonOf(ours, false), 'temporary file')
})
