import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { serveFiles } from '../../support/file-server.js'
import { quickFirst } from '../../support/long.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { startSeed } from '../../support/seed.js'
import { until } from '../../support/until.js'

// What btkit advises for data that is not whole is typed as it stands, and the data is whole then.

const CONTENT = pseudoRandom(300_000)

/** What happened to the content at a path, and what helps. */
const HARMS: Readonly<Record<string, readonly [harm: (path: string) => void, says: RegExp]>> = {
  'has a damaged piece': [
    (path) => {
      writeFileSync(path, changed(1000, 'XXXX'))
    },
    /; btkit does not/,
  ],
  'is all zeros': [
    (path) => {
      writeFileSync(path, Buffer.alloc(CONTENT.length))
    },
    /; if you changed it, make its torrent again; btkit does not/,
  ],
  'is long': [
    (path) => {
      writeFileSync(path, 'more', { flag: 'a' })
    },
    /; if you changed it, make its torrent again; btkit does not/,
  ],
  'is short': [
    (path) => {
      truncateSync(path, 100_000)
    },
    /; btkit does not/,
  ],
  'is gone': [
    (path) => {
      rmSync(path)
    },
    /is missing; if it is elsewhere, give --data; btkit does not/,
  ],
}

function changed(at: number, text: string): Buffer {
  const bytes = Buffer.from(CONTENT)
  bytes.write(text, at)
  return bytes
}

/** A content of a name with a blank, its torrent elsewhere, and a server that has it. */
async function plant(t: TestContext) {
  const directory = makeScratch(t, { 'my data/an image.iso': CONTENT, 't/x': '' })
  const server = await serveFiles(t, { x: CONTENT })
  const { url } = server
  const data = join(directory, 'my data')
  const torrent = join(directory, 't', 'an image.iso.torrent')
  const make = [
    'makemetafile',
    join(data, 'an image.iso'),
    '--trackerless',
    '--web-seed',
    `${url}/x`,
  ]
  assertStatus(await runBtkit([...make, '--no-cache', '--output', torrent]), 0)
  return { data, torrent, server }
}

/** The command of aria2 in an advice, as it is typed; what follows keeps it to this machine. */
async function typeAdvice(said: string): Promise<void> {
  const [command] = /aria2c [^,\n]*/.exec(said) ?? []
  assert.ok(command, said)
  const local = '--seed-time=0 --listen-port=6999-7999 --enable-dht=false --bt-enable-lpd=false'
  await promisify(execFile)('sh', ['-c', `${command} ${local}`])
}

/** What seed says of data that is not whole. */
async function saidBySeed(t: TestContext, args: readonly string[]): Promise<string> {
  const { stderr, stop } = await startSeed(t, args)
  await until('it is said', () => stderr.text.includes('not whole'))
  await stop()
  return stderr.text
}

const some = quickFirst()

for (const [what, [harm, says]] of Object.entries(HARMS)) {
  some(
    `content that ${what} is whole after what seed advises`,
    unlessInstalled('aria2c'),
    async (t) => {
      const { data, torrent } = await plant(t)
      harm(join(data, 'an image.iso'))
      const said = await saidBySeed(t, [torrent, '--data', data])
      assert.match(said, says)
      await typeAdvice(said)
      assert.ok(readFileSync(join(data, 'an image.iso')).equals(CONTENT))
    },
  )
}

const damaged = 'damaged data is whole after what seed advises for a web server without byte ranges'

test(damaged, unlessInstalled('aria2c'), async (t) => {
  const { data, torrent, server } = await plant(t)
  const path = join(data, 'an image.iso')
  server.answer = ({ headers }) => {
    delete headers.range
    return false
  }
  writeFileSync(path, changed(1000, 'XXXX'))
  const said = await saidBySeed(t, [torrent, '--data', data])
  assert.match(said, /, but if its web server has no byte ranges, delete the data first$/m)
  rmSync(path)
  await typeAdvice(said)
  assert.ok(readFileSync(path).equals(CONTENT))
})

test('data that is elsewhere is seeded after what publish and seed advise', async (t) => {
  const { data, torrent } = await plant(t)
  const publish = ['publish', torrent, '--client', 'transmission+http://127.0.0.1:1', '--no-cache']
  for (const said of [await saidBySeed(t, [torrent]), (await runBtkit(publish)).stderr]) {
    assert.match(said, /t\/an image\.iso is missing; if it is elsewhere, give --data; /)
  }
  assert.doesNotMatch((await runBtkit([...publish, '--data', data])).stderr, /not whole/)
  const { stderr } = await startSeed(t, [torrent, '--data', data])
  await until('it is seeded', () => stderr.text.includes(`added ${torrent}`))
})
