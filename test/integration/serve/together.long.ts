import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeName } from '../../../src/base/percent.js'
import { textOfPath } from '../../../src/base/text/raw-path.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { ask } from '../../mirror/ask.js'
import { startServe } from '../../mirror/hostile/process.js'
import { readHashedBytes, readMetric } from '../../mirror/read-metric.js'
import { plantUsers } from '../../support/admin.js'
import { findFreePort } from '../../support/opentracker.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { until } from '../../support/until.js'

const FILES = 20_000
const PER_DIRECTORY = 250
const DAY = 86_400

/** A planted file, as the mirror has it. */
interface Planted {
  /** Its percent-encoded address. */
  readonly address: string
  /**
   * Whether it is in each swarm that its torrent has: it has bytes, and a name that torrents take.
   */
  readonly isSeeded: boolean
  /** Whether no path of a URL leads to it: `\\` separates components on Windows. */
  readonly isUnnameable: boolean
}

/** Plants files with odd names, dates and kinds among usual ones; no two have the same bytes. */
function plantAll(root: string): Planted[] {
  const now = Math.floor(Date.now() / 1000)
  const dates = [now - DAY, 1e9, -DAY, now + 400 * DAY]
  const odd = oddNames()
  return Array.from({ length: FILES }, (_, at) => {
    const directory = `d${Math.floor(at / PER_DIRECTORY)}`
    mkdirSync(join(root, directory), { recursive: true })
    const name = odd[at] ?? Buffer.from(`file-${at}.bin`)
    const path = Buffer.concat([Buffer.from(`${root}/${directory}/`), name])
    const isEmpty = at % 1000 === 999
    writeFileSync(path, isEmpty ? '' : `content of ${at}`)
    const date = (at % 97 === 0 ? dates[(at / 97) % dates.length] : undefined) ?? 1.5e9
    // As a number, a time before 1970 would be that of now
    utimesSync(path, new Date(1000 * date), new Date(1000 * date))
    const isUtf8 = Buffer.from(name.toString()).equals(name)
    const isUnnameable = name.includes('\\')
    return {
      address: `/${directory}/${encodeName(textOfPath(name))}`,
      isSeeded: isUtf8 && !isUnnameable && !isEmpty,
      isUnnameable,
    }
  })
}

/** Names with each byte that a file system takes, and the longest names. */
function oddNames(): Buffer[] {
  const bytes = Array.from({ length: 255 }, (_, at) => at + 1).filter((byte) => byte !== 0x2f)
  const each = bytes.map((byte) => Buffer.from([0x61, byte, 0x62]))
  const long = ['x', 'é', '€', '\u{1f600}'].map((character) => {
    return Buffer.from(character.repeat(Math.floor(255 / Buffer.byteLength(character))))
  })
  return [...each, ...long]
}

test('all services together know each file, its torrent and its swarm, also after a restart', async (t) => {
  const root = makeScratch(t)
  const planted = plantAll(root)
  const seeded = planted.filter(({ isSeeded }) => isSeeded)
  // A link is another name of the same bytes, and so of another torrent; one that leads out is
  // withheld
  plantLinks(root, { 'd1/link.bin': 'file-300.bin', 'd1/out.bin': '/etc/passwd' })
  seeded.push({ address: '/d1/link.bin', isSeeded: true, isUnnameable: false })
  const places = makeScratch(t, {
    'header.md': '# A mirror\n',
    'style.css': 'h1 { color: teal }\n',
  })
  const [cache, state, port] = [makeScratch(t), makeScratch(t), await findFreePort()]
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => {
    agent.destroy()
  })
  const args = [
    ...['--warm', '**', '--track', `http://127.0.0.1:${port}/announce`, '--host', '127.0.0.1'],
    ...['--seed', '--seed-port', '0', '--cache-dir', cache, '--state-dir', state],
    ...['--admin-users', plantUsers(places), '--admin-listen', '127.0.0.1:0'],
    ...['--site-header', join(places, 'header.md'), '--site-style', join(places, 'style.css')],
  ]
  for (const round of ['first', 'restarted']) {
    const served = await startServe(t, root, { args, hasTrackers: true })
    for (let least = 0; least < seeded.length; least += 2000)
      await until('more are warm', async () => (await readWarm(served.port)) >= least)
    await until('all are warm', async () => (await readWarm(served.port)) === seeded.length)
    if (round === 'restarted') assert.equal(await readHashedBytes(served.port), 0)
    const get = (path: string) => ask(served.port, path, { agent })
    const swarms = new Set<string>()
    await forEach(planted, async ({ address, isSeeded, isUnnameable }) => {
      const [file, page] = [await get(address), await get(`/-/view${address}.details`)]
      assert.equal(file.status, isUnnameable ? 400 : 200, address)
      assert.ok(page.status < 500, address)
      if (!isSeeded) return
      const torrent = await get(`${address}.torrent`)
      assert.deepEqual([page.status, torrent.status], [200, 200], address)
      assert.ok(page.body.includes('A mirror'), address)
      swarms.add(parseMetainfo(torrent.body).infoHash ?? '')
    })
    swarms.add(parseMetainfo((await get('/d1/link.bin.torrent')).body).infoHash ?? '')
    assert.equal(swarms.size, seeded.length)
    for (const infoHash of swarms) {
      const query = `info_hash=${infoHash.replace(/../g, '%$&')}`
      await until('the swarm has its seed', async () => {
        const { body } = await ask(port, `/scrape?${query}`, { agent })
        return body.toString('latin1').includes('8:completei1e')
      })
    }
    const { body } = await ask(port, '/index.json')
    const { totals } = JSON.parse(body.toString()) as { readonly totals: Totals }
    assert.deepEqual([totals.torrents, totals.complete], [swarms.size, swarms.size])
    assert.doesNotMatch(served.stderr(), /error/)
    await served.stop()
  }
})

function readWarm(port: number): Promise<number> {
  return readMetric(port, 'btkit_warm_files{state="ready"}')
}

interface Totals {
  readonly torrents: number
  readonly complete: number
}

/** Does the work for all, for a few at a time. */
async function forEach<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values()
  const next = async () => {
    for (const each of waiting) await work(each)
  }
  await Promise.all(Array.from({ length: 8 }, next))
}
