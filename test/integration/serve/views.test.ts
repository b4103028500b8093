import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readMetric } from '../../mirror/read-metric.js'
import {
  assertHolds,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithTransmission,
  runAria2,
  type Download,
} from '../../support/clients.js'
import { longTest, quickFirst } from '../../support/long.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'

const PIECE = 1024 * 1024
const CONTENT = pseudoRandom(2.5 * PIECE + 1)

/**
 * Below a directory with a question mark in its name, and with none in those of torrents and files,
 * of which transmission makes another character, and then asks for that.
 */
const ABOVE = 'Größe #1 a?b'
const NAME = '100% 日本 a+b;[c]&d=e'
const FILE = 'Ein Paket #2 ü%41+x&y;.iso'
const INSIDE: Files = {
  [`${NAME}/${FILE}`]: CONTENT,
  [`${NAME}/unter #3+;/%20 ü.bin`]: pseudoRandom(700_000, 5),
}

/** Of an ampersand in an attribute aria2c makes `&#38;`, however it is spelled there. */
const LINKED = 'Ein Paket #2 ü%41+x;y.iso'

const CLIENTS: readonly (readonly [string, { readonly skip: string | false }, Download])[] = [
  ['libtorrent', unlessLibtorrent, downloadWithLibtorrent],
  ['aria2c', unlessInstalled('aria2c'), downloadWithAria2],
  ['transmission-cli', unlessInstalled('transmission-cli'), downloadWithTransmission],
]

const testFile = quickFirst()

for (const [name, unless, download] of CLIENTS) {
  testFile(`${name} downloads a file by its .torrent and web seed alone`, unless, async (t) => {
    const { address } = await serve(t)
    const torrent = await fetchBytes(`${address}/${encode(`${ABOVE}/${NAME}/${FILE}`)}.torrent`)
    assertHolds(await download(t, torrent), { [FILE]: CONTENT })
  })

  longTest(
    `${name} downloads a directory by the torrent that its magnet names`,
    unless,
    async (t) => {
      const { address } = await serve(t)
      const magnet = await fetchBytes(`${address}/${encode(`${ABOVE}/${NAME}`)}.magnet`)
      const source = new URL(magnet.toString().trim()).searchParams.get('xs')!
      assertHolds(await download(t, await fetchBytes(source)), INSIDE)
    },
  )
}

const ifAria2 = unlessInstalled('aria2c')

longTest('aria2c takes a metalink, and keeps the pieces that it has', ifAria2, async (t) => {
  const { address, port } = await serve(t)
  const metalink = await fetchBytes(`${address}/${encode(`${ABOVE}/${LINKED}`)}.meta4`)
  const file = join(makeScratch(t, { 'a.meta4': metalink }), 'a.meta4')
  const directory = makeScratch(t, { [LINKED]: CONTENT.subarray(0, 1.2 * PIECE) })
  const before = await readMetric(port, 'btkit_sent_bytes_total')
  const alone = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false']
  const options = ['--continue=true', '--check-integrity=true', '--follow-torrent=false']
  const args = [...alone, ...options, '--seed-time=0', `--metalink-file=${file}`]
  await runAria2(t, directory, args)
  assertHolds(directory, { [LINKED]: CONTENT })
  const sent = (await readMetric(port, 'btkit_sent_bytes_total')) - before
  assert.ok(sent < CONTENT.length, String(sent))
})

function serve(t: TestContext) {
  const published = Object.entries({ ...INSIDE, [LINKED]: CONTENT })
  const files = published.map(([path, content]) => [`${ABOVE}/${path}`, content] as const)
  return serveMirror(t, { files: Object.fromEntries(files), args: ['--trackerless'] })
}

function encode(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

async function fetchBytes(address: string): Promise<Buffer> {
  const response = await fetch(address)
  const body = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, body.toString())
  return body
}
