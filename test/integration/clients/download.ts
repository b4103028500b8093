import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertHolds, downloadFromPeers } from '../../support/clients.js'
import { FILES, MINE, only, plant, seededFor } from '../../support/download.js'
import {
  runExecutable,
  startCollecting,
  startExecutable,
  startQuick,
} from '../../support/executable.js'
import { collect } from '../../support/programs.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** How a program downloads, by the name by which btkit starts it. */
export function testDownloads(client: string): void {
  const options = { skip: unlessLibtorrent.skip || unlessInstalled(client).skip }

  test(
    `download gets the right bytes with ${client}, and leaves nothing else`,
    options,
    async (t) => {
      const { torrent } = await seededFor(t, client)
      const [to, env] = [makeScratch(t), only(t, client)]
      const args = ['download', torrent, '--output', `${to}/`, ...MINE]
      const { status, stdout, stderr } = await runExecutable('btkit', args, { env })
      assert.equal(status, 0, stderr)
      assert.equal(stdout.split('\n').at(-2), `${to}/release: whole, 1.5 MiB`)
      assertHolds(to, FILES)
      assert.deepEqual(readdirSync(env['TMPDIR']!), [])
    },
  )

  test(`a download with ${client} that was killed half-way is resumed`, options, async (t) => {
    const content = pseudoRandom(2_000_000, 4)
    const release = await seededFor(t, client, { 'one.bin': content })
    const [to, env] = [makeScratch(t), only(t, client)]
    const args = ['download', release.torrent, '--output', `${to}/`, ...MINE]
    const slow = [...args, '--max-download-rate', '200', '--json']
    const child = startQuick(['btkit'], slow, { env })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = collect(child)
    t.after(() => child.kill('SIGTERM'))
    await until('some of it', () => /"bytesDone":[1-9]/.test(said))
    child.kill(client === 'rtorrent' ? 'SIGKILL' : 'SIGINT')
    const { status, stderr } = await ended
    if (client !== 'rtorrent') {
      assert.equal(status, 130)
      assert.match(stderr, /run the same command again to continue\n.*interrupted\n$/)
    }
    await until('cleaned up', () => readdirSync(env['TMPDIR']!).length === 0)
    assert.ok(existsSync(join(to, 'one.bin.btkit-part')))
    assert.ok(!readFileSync(join(to, 'one.bin')).equals(content), 'half of it')

    const resumed = await runExecutable('btkit', args, { env })
    assert.equal(resumed.status, 0, resumed.stderr)
    assertHolds(to, { 'one.bin': content })
  })
}

/** Tests the old command line, and how a download ends, with the same programs. */
export function testMoreDownloads(client: string): void {
  const options = { skip: unlessLibtorrent.skip || unlessInstalled(client).skip }

  test(`a download with ${client} has the name that --saveas says`, options, async (t) => {
    const content = pseudoRandom(400_000, 3)
    const { torrent } = await seededFor(t, client, { 'one.bin': content })
    const to = makeScratch(t)
    const args = [torrent, '--saveas', join(to, 'below/other.bin'), '--seed-time', '0.1', ...MINE]
    const { status, stderr } = await runExecutable('btdownloadheadless', args, {
      env: only(t, client),
    })
    assert.equal(status, 0, stderr)
    assertHolds(to, { 'below/other.bin': content })
  })

  test(`the old command line seeds a file that is there with ${client}`, options, async (t) => {
    const content = pseudoRandom(500_000, 5)
    const { torrent, source, tracker, infoHash } = await plant(t, { 'one.bin': content })
    const old = ['--saveas', 'one.bin', '--check_hashes', '0', '--max_uploads', '4']
    const args = [...old, '--minport', '20000', '--maxport', '60000', torrent]
    const env = only(t, client)
    const child = startExecutable('btdownloadheadless', args, { env, cwd: source })
    const scrape = `/scrape?info_hash=${infoHash.replace(/../g, '%$&')}`
    const ended = collect(child)
    t.after(() => child.kill('SIGTERM'))
    await until('announced', async () => {
      assert.equal(child.exitCode, null)
      return /8:completei1e/.test(await (await tracker.get(scrape)).text())
    })
    const to = makeScratch(t)
    await downloadFromPeers(t, readFileSync(torrent), { directory: to })
    assertHolds(to, { 'one.bin': content })
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    assert.equal(status, 0, stderr)
    assert.match(stdout, /\/one\.bin: the right size, not read \(--no-check-hashes\), 488 KiB\n/)
    assert.match(stderr, /ignored: --max-uploads \(btkit has no such option\)\n/)
    assertHolds(source, { 'one.bin': content })
  })

  // Transmission 3.00 goes without
  if (client === 'transmission-daemon') return
  test(
    `${client} takes leave of the tracker when its download is interrupted`,
    options,
    async (t) => {
      const { torrent, tracker, infoHash } = await plant(t)
      const scrape = `/scrape?info_hash=${infoHash.replace(/../g, '%$&')}`
      const leechers = async () => {
        return /10:incompletei(\d+)e/.exec(await (await tracker.get(scrape)).text())?.[1]
      }
      const args = ['download', torrent, '--output', `${makeScratch(t)}/`, ...MINE]
      const { child, ended } = startCollecting('btkit', args, { env: only(t, client), t })
      await until('the tracker knows it', async () => (await leechers()) === '1')
      child.kill('SIGINT')
      assert.equal((await ended).status, 130)
      await until('the tracker knows that it went', async () => (await leechers()) !== '1')
    },
  )
}
