import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
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
  'download TORRENT --client CLIENT',
  'launchmany DIR --client CLIENT --quiet',
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
  'download TRACKER',
  'config show --config CONFIG',
  'config check CONFIG',
]

/** Addresses of Redis, which the environment may give. */
const OF_REDIS = ['cache stats', 'queue status', 'worker --quiet', 'hash TORRENT']

async function plant(t: TestContext, password: string) {
  const directory = makeScratch(t, { a: 'content' })
  const torrent = join(directory, 'a.torrent')
  const login = `u:${MARK}@127.0.0.1:1`
  const made = ['makemetafile', join(directory, 'a'), `http://${login}/announce`]
  const seed = ['--web-seed', `http://${login}/a`, '--output', torrent]
  const { stdout, stderr } = assertStatus(await runBtkit([...made, ...seed]), 0)
  const words = new Map([
    ['TORRENT', torrent],
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
  writeFileSync(words.get('CONFIG') ?? '', `${yaml.join('\n')}\n`)
  return { words, output: stdout + stderr }
}

for (const password of PASSWORDS) {
  for (const line of new Set([...OF_CLIENTS, ...OF_TRACKERS])) {
    test(`${line} prints no password such as ${password}`, async (t) => {
      const { words, output } = await plant(t, password)
      const args = line.split(' ').map((word) => words.get(word) ?? word)
      const signal = AbortSignal.timeout(5000)
      const result = await runBtkit([...args], { signal })
      const all = output + result.stdout + result.stderr
      assert.ok(!all.includes(MARK), all)
    })
  }

  for (const line of OF_REDIS) {
    test(`${line} prints no password of Redis such as ${password}`, async (t) => {
      const { words } = await plant(t, password)
      const args = line.split(' ').map((word) => words.get(word) ?? word)
      const env = { BTKIT_CACHE_URL: `redis://:${password}@127.0.0.1:1` }
      const signal = AbortSignal.timeout(5000)
      const result = await runBtkit(args, { env, signal })
      const all = result.stdout + result.stderr
      assert.ok(!all.includes(MARK), all)
    })
  }
}

test('the log of a seed has no password of a tracker that does not answer', async (t) => {
  const { words } = await plant(t, MARK)
  const seed = await startSeed(t, [words.get('TORRENT') ?? ''])
  await seed.said(/(nothing listens there)/)
  const { stdout, stderr } = await seed.stop()
  assert.ok(!(stdout + stderr).includes(MARK), stdout + stderr)
})
