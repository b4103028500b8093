import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { assertStatus, runBtkit, startBtkit } from '../support/run-btkit.js'
import { makeScratch, plantFiles } from '../support/scratch.js'
import { startSeed } from '../support/seed.js'

/** No output has it. */
const MARK = 'MARKEDPASSWORD'

/** Passwords that URLs can have, and those that end the host of a URL, so that it is none. */
const PASSWORDS = [MARK, `${MARK}/x`, `x/${MARK}`, `${MARK}#x`, `${MARK}?x`, `${MARK}@x`]

/** Commands that name the address of a client, which nobody answers at. */
const OF_CLIENTS = [
  'status --client CLIENT',
  'publish TORRENT --client CLIENT',
  'withdraw TORRENT --client CLIENT',
  'completedir http://t.example/a DIR --publish CLIENT --min-age 0',
  'config show --config CONFIG',
  'config show --json --config CONFIG',
  'config check CONFIG',
]

/** Commands that read a torrent with such a tracker and web seed, or are given one. */
const OF_TRACKERS = [
  'scrape TORRENT --timeout 1',
  'scrape TORRENT --announce TRACKER --timeout 1',
  'lint TORRENT',
  'reannounce TRACKER TORRENT --dry-run',
  'edit --comment x TORRENT',
  'verify TORRENT',
  'hash TORRENT',
  'stats DIR',
  'showmetainfo --check-seeds TORRENT',
  'config show --config CONFIG',
  'config check CONFIG',
]

/** Addresses of Redis, which the environment may give. */
const OF_REDIS = ['cache stats', 'queue status', 'worker --quiet', 'hash TORRENT']

/**
 * Makes a torrent whose tracker and web seed have a password; returns it, and all that this
 * printed.
 */
async function makeTorrent() {
  const directory = makeScratch({ after }, { a: 'content' })
  const login = `u:${MARK}@127.0.0.1:1`
  const output = join(directory, 'a.torrent')
  const made = ['makemetafile', join(directory, 'a'), `http://${login}/announce`]
  const seed = ['--web-seed', `http://${login}/a`, '--output', output]
  const { stdout, stderr } = assertStatus(await runBtkit([...made, ...seed]), 0)
  return { torrent: readFileSync(output), printed: stdout + stderr }
}

const { torrent, printed } = await makeTorrent()

test('makemetafile prints no password of a tracker or a web seed', () => {
  assert.ok(!printed.includes(MARK), printed)
})

function plant(t: TestContext, password: string): Map<string, string> {
  const directory = makeScratch(t, { a: 'content', 'a.torrent': torrent })
  const words = new Map([
    ['TORRENT', join(directory, 'a.torrent')],
    ['DIR', directory],
    ['CONFIG', join(directory, 'c.yaml')],
    ['CLIENT', `qbittorrent+http://u:${password}@127.0.0.1:1`],
    ['TRACKER', `http://u:${password}@127.0.0.1:1/announce`],
  ])
  const yaml = [
    `publish: {client: "${words.get('CLIENT')}"}`,
    `makemetafile: {announce: "${words.get('TRACKER')}"}`,
    `serve: {tracker: "${words.get('TRACKER')}", cache-url: "redis://:${password}@127.0.0.1:1"}`,
  ]
  plantFiles(directory, { 'c.yaml': `${yaml.join('\n')}\n` })
  return words
}

/** All that a line prints; of a command that does not end, until it says that nobody answers. */
async function outputOf(t: TestContext, line: string, password: string, env = {}) {
  const words = plant(t, password)
  const args = line.split(' ').map((word) => words.get(word) ?? word)
  const service = /^worker /.test(line) ? startBtkit(t, args, { env }) : null
  await service?.said(/(\n)/)
  const { stdout, stderr } = await (service?.stop() ?? runBtkit(args, { env }))
  return stdout + stderr
}

for (const password of PASSWORDS) {
  for (const line of new Set([...OF_CLIENTS, ...OF_TRACKERS])) {
    test(`${line} prints no password such as ${password}`, async (t) => {
      const all = await outputOf(t, line, password)
      assert.ok(!all.includes(MARK), all)
    })
  }

  for (const line of OF_REDIS) {
    test(`${line} prints no password of Redis such as ${password}`, async (t) => {
      const env = { BTKIT_CACHE_URL: `redis://:${password}@127.0.0.1:1` }
      const all = await outputOf(t, line, password, env)
      assert.ok(!all.includes(MARK), all)
    })
  }
}

test('the log of a seed has no password of a tracker that does not answer', async (t) => {
  const seed = await startSeed(t, [plant(t, MARK).get('TORRENT') ?? ''])
  await seed.said(/(nothing listens there)/)
  const { stdout, stderr } = await seed.stop()
  assert.ok(!(stdout + stderr).includes(MARK), stdout + stderr)
})
