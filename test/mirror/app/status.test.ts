import assert from 'node:assert/strict'
import {
  renameSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runProgram } from '../../support/programs.js'
import { longTest, quickFirst } from '../../support/long.js'
import { unlessInstalled } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { startServe } from '../hostile/process.js'
import { SINGLE } from '../hostile/siege.js'
import { readHashedBytes, readMetric } from '../read-metric.js'

const files = { 'yum/good.rpm': 'good' }
const TRACKERLESS = ['--trackerless']

/** A line of Prometheus' text format that is not a comment. */
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"'
const VALUE = '(?:[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[+-]?\\d+)?|[+-]Inf|NaN)'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{${LABEL}(?:,${LABEL})*,?\\})? ${VALUE}(?: -?\\d+)?$`)
const COMMENT = new RegExp(`^# (?:HELP ${NAME} .+|TYPE (${NAME}) (counter|gauge|histogram))$`)

test('is neither healthy nor ready while its root is missing', async (t) => {
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  const { address } = await serveMirror(t, { root })
  const state = async () => {
    const answers = [await fetch(`${address}/-/health`), await fetch(`${address}/-/ready`)]
    return Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]))
  }
  const well = [200, 'ok\n']
  assert.deepEqual(await state(), [well, well])
  const { headers } = await fetch(`${address}/-/health`)
  assert.match(headers.get('content-type') ?? '', /^text\/plain\b/)
  assert.equal(headers.get('cache-control'), 'no-store')
  for (const path of ['/-/health', '/-/metrics']) {
    const answer = await fetch(address + path, { method: 'HEAD' })
    assert.deepEqual([answer.status, await answer.text()], [200, ''])
  }
  renameSync(root, `${root}-away`)
  const ill = [503, 'the root of the mirror is missing; try again in 10 s\n']
  assert.deepEqual(await state(), [ill, ill])
  renameSync(`${root}-away`, root)
  assert.deepEqual(await state(), [well, well])
})

test('writes its metrics as Prometheus reads them', async (t) => {
  const { address } = await serveMirror(t, { files })
  for (const path of [`${SINGLE}/yum/good.rpm`, '/yum/good.rpm', '/no"where\\', '/%zz']) {
    await (await fetch(address + path)).text()
  }
  const answer = await fetch(`${address}/-/metrics`)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4\b/)
  const text = await answer.text()
  assert.ok(text.endsWith('\n'))
  const lines = text.slice(0, -1).split('\n')
  const declared = new Set<string>()
  for (const line of lines) {
    const type = COMMENT.exec(line)
    if (type?.[1]) {
      assert.ok(!declared.has(type[1]), `${type[1]} has one type`)
      declared.add(type[1])
    } else if (!type) {
      assert.match(line, SAMPLE)
      const name = SAMPLE.exec(line)?.[1] ?? ''
      const family = name.replace(/_(?:bucket|sum|count)$/, '')
      assert.ok(declared.has(name) || declared.has(family), `${line}: has a type`)
    }
  }
  assert.equal(new Set(lines).size, lines.length, 'no line is there twice')
})

test('counts the bytes that it hashed, but not those known before', async (t) => {
  const { address, port } = await serveMirror(t, { files })
  assert.equal(await readHashedBytes(port), 0)
  for (let i = 0; i < 3; i++) await fetch(`${address}${SINGLE}/yum/good.rpm`)
  assert.equal(await readHashedBytes(port), 4)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="files"}'), 1)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="memory"}'), 2)
})

test('counts every answer', async (t) => {
  const { address } = await serveMirror(t, { files })
  const total = async () => {
    const text = await (await fetch(`${address}/-/metrics`)).text()
    const samples = text.match(/^btkit_requests_total\{.*\} \d+$/gm) ?? []
    return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  const before = await total()
  const paths = [`${SINGLE}/yum/good.rpm`, '/yum/good.rpm', '/nowhere', '/-/health', '/%zz']
  for (const path of paths) await (await fetch(address + path)).text()
  // The request before was counted, too
  assert.equal(await total(), before + 1 + paths.length)
})

const testSuggestion = quickFirst()

for (const [where, args, files, name] of [
  ['a port', [], { 'yum/7/a b.rpm': 'x' }, 'a b.rpm'],
  ['a Unix socket', ['--host', './socket'], { 'yum/7/a.rpm': 'x' }, 'a.rpm'],
  ['a port, of a file at the root', [], { 'top.iso': 'x' }, 'top.iso'],
  [
    'a port, of a file with odd characters',
    [],
    { "it's/a&b;$(c)%41 é.rpm": 'x' },
    'a&b;$(c)%41 é.rpm',
  ],
] as const) {
  testSuggestion(
    `the command that it suggests works on ${where}`,
    unlessInstalled('curl'),
    async (t) => {
      const directory = makeScratch(t)
      const served = await startServe(t, makeScratch(t, files), { args, cwd: directory })
      const line = /^try: +(.+)$/m.exec(served.stdout())?.[1] ?? ''
      const downloads = makeScratch(t)
      const { status, stderr } = await runProgram('sh', ['-c', line], { cwd: downloads })
      assert.equal(status, 0, stderr)
      const [saved = '', ...others] = readdirSync(downloads)
      assert.deepEqual(others, [])
      const torrent = readFileSync(join(downloads, saved))
      assert.match(saved, /\.torrent$/)
      const { info } = decodeTorrent(torrent)
      // The automatic piece length of makemetafile
      assert.deepEqual([info['name'], info['piece length']], [name, 2 ** 15])
    },
  )
}

test('prints what it serves, where, and with how many trackers', async (t) => {
  const root = makeScratch(t)
  const { address, said, stdout } = await serveMirror(t, { root, args: TRACKERLESS })
  await said(/^(try: )/m)
  const [serving, where, reach, trackers, open, example, ...rest] = stdout.text.split('\n')
  assert.equal(serving, `serving:  ${root}`)
  assert.equal(where, `address:  ${address}`)
  assert.equal(reach, '          (this machine only; --host :: for all)')
  assert.equal(trackers, 'trackers: no tracker: clients use the web seed and the DHT')
  assert.equal(open, `open:     ${address}/`)
  assert.match(example ?? '', /^try: {6}curl .* # for this machine; for others, give --public-url$/)
  assert.deepEqual(rest, [''])
})

test('suggests its public address', async (t) => {
  const args = ['--public-url', 'https://m.example/pub/']
  const { said } = await serveMirror(t, { files: { 'dir/a b': 'x' }, args })
  assert.equal(await said(/^open: {5}(.*)\n/m), 'https://m.example/pub/')
  const text = await said(
    /^([^]*)^try: {6}curl -fOJ 'https:\/\/m\.example\/pub\/dir\/a%20b\.torrent'\n/m,
  )
  assert.doesNotMatch(text, /this machine/)
})

test('starts in a mirror whose only file has a name that is not UTF-8', async (t) => {
  const root = makeScratch(t)
  writeFileSync(Buffer.from(`${root}/caf\xe9`, 'latin1'), 'text')
  const { address, said } = await serveMirror(t, { root })
  // No torrent can have that name
  await said(/^try: +curl -fOJ '.*\/PATH\/OF\/A\/FILE\.torrent'  # for this machine/m)
  assert.equal(await (await fetch(`${address}/caf%E9`)).text(), 'text')
})

longTest("warns of an entry that the service's own address hides, and of no other", async (t) => {
  const others = { '--/x': 'x', '-x': 'x', 'a/-/x': 'x' }
  const root = makeScratch(t, { '-/health': 'a file', ...others })
  symlinkSync('-', join(root, 'dash'))
  const { address, stderr, stop } = await startServe(t, root)
  assert.match(stderr(), /^btkit: warning: .*\/-: .*; rename it, or link to it by another name\n$/)
  assert.equal(await (await fetch(`${address}/-/health`)).text(), 'ok\n')
  assert.equal(await (await fetch(`${address}/dash/health`)).text(), 'a file')
  assert.equal((await stop()).status, 0)
})

const TRACKERS_FILE = '/var/lib/torrent_service/trackers'

longTest('starts without a word on trackers', { skip: existsSync(TRACKERS_FILE) }, async (t) => {
  const root = makeScratch(t, { 'a.iso': 'a' })
  const { address, stdout, stop } = await startServe(t, root, { hasTrackers: true })
  assert.match(stdout(), /^trackers: no tracker: clients use the web seed and the DHT$/m)
  const answer = await fetch(`${address}/a.iso.torrent`)
  const torrent = decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
  assert.equal(torrent['announce'], undefined)
  assert.deepEqual(torrent['url-list'], [`${address}/a.iso`])
  assert.deepEqual(await stop().then(({ status, stderr }) => [status, stderr]), [0, ''])
})

longTest('of all addresses it prints one that a browser can open', async (t) => {
  const { stdout } = await startServe(t, makeScratch(t), { args: ['--host', '::'] })
  const [, page = ''] = /^open: +(.+)$/m.exec(stdout()) ?? []
  assert.doesNotMatch(page, /\[::\]|0\.0\.0\.0/)
  assert.equal(new URL(page).pathname, '/')
})

test('without listings it names the page of the status', async (t) => {
  const { address, said } = await serveMirror(t, { args: ['--no-listings'] })
  const page = await said(/^open: +(.+)$/m)
  assert.equal(page, `${address}/-/status`)
  assert.equal((await fetch(page)).status, 200)
})
