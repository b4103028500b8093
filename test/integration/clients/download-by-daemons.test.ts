import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FILES, seededFor } from '../../support/download.js'
import { runExecutable } from '../../support/executable.js'
import { findPeer, unlessLibtorrent } from '../../support/peers.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'

for (const [kind, { programs, start }] of Object.entries(daemonKinds)) {
  const missing = programs.find((program) => findPeer(program) === null)
  const skip = unlessLibtorrent.skip || (missing !== undefined && `${missing} is not installed`)
  test(`${kind}, that runs already, downloads, and lets go of it`, { skip }, async (t) => {
    const { torrent, infoHash } = await seededFor(t, kind)
    const daemon = await start(t)
    const to = makeScratch(t)
    const args = ['download', torrent, '--save-to', to, '--client', daemon.url, '--no-cache']
    const { status, stderr } = await runExecutable('btkit', args)
    assert.equal(status, 0, stderr)
    for (const [path, content] of Object.entries(FILES)) {
      assert.ok(readFileSync(join(to, path)).equals(Buffer.from(content)), path)
    }
    const left = await runBtkit(['status', '--client', daemon.url, '--all', '--json'])
    assert.ok(!left.stdout.includes(infoHash), left.stdout)
  })
}
