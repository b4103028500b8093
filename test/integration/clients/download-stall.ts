import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { certificateFiles, plantCertificate, unlessOpenssl } from '../../support/certificates.js'
import { assertHolds } from '../../support/clients.js'
import { MINE, only, plant } from '../../support/download.js'
import { runExecutable } from '../../support/executable.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { Captured, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'
import { listenLocally } from '../../support/listen.js'
import { hurryDisplay } from '../../support/quick-times.js'

const MINUTE = 60_000
hurryDisplay()
const TOLD = /^btkit: release: nothing has come for \d+ (?:seconds|minutes?): no peer is connected/

const CONTENT = { 'one.bin': pseudoRandom(100_000) }

/** A torrent without a tracker, whose one seed has a certificate that no program knows. */
async function plantHttpsSeed(t: TestContext) {
  const keys = makeScratch(t)
  plantCertificate(keys, 'seed')
  const [cert, key] = certificateFiles(keys)
  const server = createServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    (request, response) => {
      const [, from = 0, to = 99_999] =
        /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      const part = CONTENT['one.bin'].subarray(Number(from), Number(to) + 1)
      const range = `bytes ${from}-${to}/100000`
      response.writeHead(206, { 'Content-Range': range, 'Content-Length': part.length }).end(part)
    },
  )
  const port = await listenLocally(t, server)
  const seed = `https://127.0.0.1:${port}/one.bin`
  const torrent = join(makeScratch(t), 'a.torrent')
  const source = join(makeScratch(t, CONTENT), 'one.bin')
  const args = ['makemetafile', source, '--trackerless', '--web-seed', seed, '--target', torrent]
  assertStatus(await runBtkit([...args, '--no-cache']), 0)
  return { torrent, cert, seed }
}

/** Tests the reports on a download that receives nothing, and on seeds with certificates. */
export function testStalls(client: string): void {
  test(`download tells with ${client} that nobody seeds`, unlessInstalled(client), async (t) => {
    const { torrent } = await plant(t)
    const [stop, stdout, stderr] = [new AbortController(), new Captured(), new Captured()]
    t.after(() => {
      stop.abort()
    })
    let ahead = 0
    const monotonic = () => performance.now() + ahead
    const args = ['download', torrent, '--output', `${makeScratch(t)}/`, ...MINE, '--json']
    const world = { env: only(t, client), signal: stop.signal, monotonic, stdout, stderr }
    const ended = runBtkit(args, world)
    await until('downloading', () => stdout.text.includes('"state":"downloading"'))
    await until('told', () => {
      ahead += MINUTE
      return stderr.text !== ''
    })
    assert.match(stderr.text, TOLD)
    const advice = /; install transmission-daemon: aria2 cannot download from some seeds\n$/
    assert.equal(advice.test(stderr.text), client === 'aria2c', stderr.text)
    stop.abort()
    assert.equal((await ended).status, 1)
  })

  // rtorrent knows no web seeds
  if (client === 'rtorrent') return
  const skip = unlessOpenssl.skip || unlessInstalled(client).skip
  test(`${client} refuses a certificate until --ca-cert names it`, { skip }, async (t) => {
    const { torrent, cert, seed } = await plantHttpsSeed(t)
    const to = makeScratch(t)
    const args = ['download', torrent, '--output', `${to}/`, ...MINE]
    const env = only(t, client)
    const [stop, stdout, stderr] = [new AbortController(), new Captured(), new Captured()]
    let ahead = 0
    const monotonic = () => performance.now() + ahead
    const world = { env, signal: stop.signal, monotonic, stdout, stderr }
    const stalled = runBtkit([...args, '--json'], world)
    await until('downloading', () => stdout.text.includes('"state":"downloading"'))
    await until('told', () => {
      ahead += MINUTE
      return stderr.text !== ''
    })
    stop.abort()
    assert.equal((await stalled).status, 1)
    const [told, note] = stderr.text.split('\n')
    assert.match(told!, /^btkit: one.bin: nothing has come for \d+ (?:seconds|minutes?): /)
    assert.ok(told!.includes(`nothing comes from its web seed ${seed}`), told)
    assert.equal(note, 'btkit: downloaded data is kept; run the same command again to continue')
    assertStatus(await runExecutable('btkit', [...args, '--ca-cert', cert], { env }), 0)
    assertHolds(to, CONTENT)
  })
}
