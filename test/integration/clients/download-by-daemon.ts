import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertHolds } from '../../support/clients.js'
import { FILES, plant, seededFor } from '../../support/download.js'
import { runExecutable } from '../../support/executable.js'
import { linkOf, openlySeededLink, outerAddress, seededLink } from '../../support/magnets.js'
import { findPeer, unlessLibtorrent } from '../../support/peers.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { hurry } from '../../support/quick-times.js'

function skipOf(programs: readonly string[]): string | false {
  const missing = programs.find((program) => findPeer(program) === null)
  return unlessLibtorrent.skip || (missing !== undefined && `${missing} is not installed`)
}

/** How a client that runs already downloads, by a torrent and by a magnet link. */
export function testDownloadByDaemon(kind: string): void {
  const { programs, start } = daemonKinds[kind]!
  test(
    `${kind}, that runs already, downloads, and lets go of it`,
    { skip: skipOf(programs) },
    async (t) => {
      const { torrent, infoHash } = await seededFor(t, kind)
      const daemon = await start(t)
      const to = makeScratch(t)
      const args = ['download', torrent, '--output', `${to}/`, '--client', daemon.url, '--no-cache']
      assertStatus(await runExecutable('btkit', args), 0)
      for (const [path, content] of Object.entries(FILES)) {
        assert.ok(readFileSync(join(to, path)).equals(Buffer.from(content)), path)
      }
      const left = await runBtkit(['status', '--client', daemon.url, '--all', '--json'])
      assert.ok(!left.stdout.includes(infoHash), left.stdout)
    },
  )

  const needed = kind === 'aria2' ? [...programs, 'opentracker'] : programs
  const needsOuter = kind === 'transmission' && outerAddress === null
  const skip =
    skipOf(needed) || (needsOuter && 'Transmission connects to no peer on a loopback address')

  const seed = {
    aria2: openlySeededLink,
    transmission: (t: Parameters<typeof seededLink>[0]) => seededLink(t, outerAddress!),
  }[kind]

  test(`${kind}, that runs already, follows a magnet link`, { skip }, async (t) => {
    const daemon = await start(t)
    const link = await (seed ?? seededLink)(t)
    const to = makeScratch(t)
    const place = ['--output', `${to}/`, '--client', daemon.url, '--no-cache']
    const args = ['download', link, ...place]
    const { status, stderr } = await runExecutable('btkit', args)
    if (kind === 'deluge') {
      assert.equal(status, 1)
      assert.match(
        stderr,
        /: cannot hand out the torrent of a magnet link; name another client with --client\n$/,
      )
      return
    }
    assert.equal(status, 0, stderr)
    assertHolds(to, FILES)
    const left = await runBtkit(['status', '--client', daemon.url, '--all', '--json'])
    assert.ok(!left.stdout.includes('infoHash'), left.stdout)
  })

  test(`${kind}, that runs already, lets go of a link of nobody`, { skip }, async (t) => {
    const release = await plant(t)
    const daemon = await start(t)
    const to = makeScratch(t)
    const place = ['--output', `${to}/`, '--client', daemon.url, '--no-cache']
    hurry(t, 'magnet', 500)
    const monotonic = () => performance.now()
    assertStatus(await runBtkit(['download', linkOf(release), ...place], { monotonic }), 1)
    assert.deepEqual(readdirSync(to), [])
    const left = await runBtkit(['status', '--client', daemon.url, '--all', '--json'])
    assert.ok(!left.stdout.includes(release.infoHash), left.stdout)
  })
}
