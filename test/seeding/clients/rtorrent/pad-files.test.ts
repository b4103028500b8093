import assert from 'node:assert/strict'
import { test } from 'node:test'
import { looksForPadFiles } from '../../../../src/seeding/clients/rtorrent/rtorrent.js'

test('rtorrent looks for pad files on disk before 0.15', () => {
  const versions = ['0.9.8', '0.10.0', '0.15.1', '1.0'].map((each) => `rtorrent ${each}`)
  assert.deepEqual(versions.map(looksForPadFiles), [true, true, false, false])
})
