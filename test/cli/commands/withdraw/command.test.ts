import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { startFakeTransmission } from '../../../support/fake-transmission.js'
import { assertQuiet, runBtkit } from '../../../support/run-btkit.js'
import { plantFile } from '../../../support/seed.js'

test('withdraw --delete-torrent removes a torrent that is named twice', async (t) => {
  const { torrent, infoHash } = await plantFile(t)
  const client = await startFakeTransmission(t, [{ hashString: infoHash, name: 'a.bin' }])
  const args = ['withdraw', torrent, torrent, '--delete-torrent', '--client', client]
  assertQuiet(await runBtkit(args))
  assert.equal(existsSync(torrent), false)
})
