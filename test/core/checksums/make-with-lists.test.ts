import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeWithLists } from '../../../src/core/checksums/make-with-lists.js'
import { planTorrent } from '../../../src/core/make/make-torrent.js'
import { failure } from '../../files/failure.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext, makeRequest } from '../requests.js'

test('if a list cannot be written, the error says that the torrent is', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'a.torrent')
  const list = join(directory, 'missing', 'a.sha256')
  const plan = await planTorrent(makeRequest(join(directory, 'a'), { torrent }))
  await assert.rejects(
    makeWithLists(plan, [{ name: 'sha256', path: list }], hashContext()),
    failure(
      'not-found',
      `${list}: no such file or directory; the torrent ${torrent} is written, without its checksum lists`,
    ),
  )
  assert.ok(existsSync(torrent))
})
