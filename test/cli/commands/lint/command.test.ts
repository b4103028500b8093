import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertError, inputOf, runBtkit, jsonLines } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { torrentOfPaths } from '../../../metainfo/lint/torrent.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const GOOD = torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' })
const ODD = torrentOf(singleFileInfo({ name: 'con' }), { announce: 'http://\x1b' })

function plant(t: TestContext) {
  const files = { 'good.torrent': GOOD, 'odd.torrent': ODD, 'bad.torrent': 'no torrent' }
  const directory = makeScratch(t, files)
  const place = (name: string) => join(directory, `${name}.torrent`)
  return { good: place('good'), odd: place('odd'), bad: place('bad') }
}

test('each finding is a line with file, severity and code; the status is 0', async (t) => {
  const { odd } = plant(t)
  const { status, stdout, stderr } = await runBtkit(['lint', odd])
  assert.deepEqual(stdout.split('\n'), [
    `${odd}: warning: tracker "http://\\x1b" is not an http, https, udp, ws or wss URL [tracker-not-url]`,
    `${odd}: warning: name "con" is that of a device on Windows [reserved-name]`,
    '',
  ])
  assert.deepEqual([status, stderr], [0, ''])
})

test('a torrent without findings is said to be, but not to programs', async (t) => {
  const { good } = plant(t)
  const { status, stdout, stderr } = await runBtkit(['lint', good])
  assert.deepEqual([status, stdout, stderr], [0, '', `btkit: ${good}: nothing wrong\n`])
  const quiet = await runBtkit(['lint', '--quiet', good])
  assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [0, '', ''])
})

test('of several torrents the ones without findings are only counted', async (t) => {
  const { good, odd } = plant(t)
  const { stderr } = await runBtkit(['lint', good, odd, good])
  assert.equal(stderr, 'btkit: 3 torrents: nothing wrong in 2\n')
  assert.equal((await runBtkit(['lint', odd, odd])).stderr, '')
})

test('a note that several torrents share is one line, with their number', async (t) => {
  const names = ['a', 'b', 'c', 'd']
  const plain = (name: string) => torrentOf(singleFileInfo({ name }))
  const root = makeScratch(t, Object.fromEntries(names.map((n) => [`${n}.torrent`, plain(n)])))
  writeFileSync(join(root, 'c.torrent'), ODD)
  writeFileSync(join(root, 'd.torrent'), torrentOf(singleFileInfo({ private: 1 })))
  const { stdout } = await runBtkit(['lint', root])
  const [first, ...others] = stdout.trimEnd().split('\n')
  assert.match(first ?? '', /c\.torrent: warning: .*\[tracker-not-url\]$/)
  const shared = others.filter((line) => line.includes(': note: '))
  assert.equal(shared.length, 2)
  assert.match(
    shared[0] ?? '',
    /^2 torrents \(\S+a\.torrent, \S+b\.torrent\): note: only the DHT.* \[no-tracker\]$/,
  )
  assert.match(shared[1] ?? '', /d\.torrent: note: private without info\.source/)
  const inJson = jsonLines((await runBtkit(['lint', '--json', root])).stdout)
  const noted = inJson.filter(({ findings }) => JSON.stringify(findings).includes('no-tracker'))
  assert.equal(noted.length, 2)
})

test('an unreadable torrent is an error, and the others are still checked', async (t) => {
  const { good, odd, bad } = plant(t)
  const { status, stdout, stderr } = await runBtkit(['lint', bad, odd, good, '--quiet'])
  assert.equal(status, 1)
  assert.equal(stdout.trimEnd().split('\n').length, 2)
  assert.match(stderr, /^btkit: \S+bad\.torrent: not a torrent [^\n]+\n$/)
})

test('strict makes findings a failure', async (t) => {
  const { good, odd } = plant(t)
  assert.equal((await runBtkit(['lint', '--strict', good])).status, 0)
  assert.equal((await runBtkit(['lint', '--strict', good, odd])).status, 1)
})

test('an error is a failure without --strict, unless it is ignored', async (t) => {
  const { good, odd } = plant(t)
  const unsafe = join(makeScratch(t, { u: torrentOfPaths(['..', 'con']) }), 'u')
  const { status, stdout } = await runBtkit(['lint', unsafe, good, odd])
  assert.equal(status, 1)
  assert.match(stdout, /: error: [^\n]+ \[unsafe-path\]\n/)
  const ignored = await runBtkit(['lint', unsafe, '--ignore', 'unsafe-path'])
  assert.equal(ignored.status, 0)
  assert.match(ignored.stdout, /^[^\n]+: warning: [^\n]+ \[reserved-name\]\n$/)
})

test('an ignored code is not reported, not even with --strict', async (t) => {
  const { odd } = plant(t)
  const ignore = ['--ignore', 'reserved-name', '--ignore', 'tracker-not-url']
  const { status, stdout, stderr } = await runBtkit(['lint', '--strict', odd, ...ignore])
  assert.deepEqual([status, stdout, stderr], [0, '', `btkit: ${odd}: nothing wrong\n`])
})

test('only codes that there are can be ignored', async (t) => {
  const { odd } = plant(t)
  assertError(await runBtkit(['lint', odd, '--ignore', 'reserved']), 'usage', 'reserved')
})

test('the JSON is an object a torrent, an unreadable one included', async (t) => {
  const { good, odd, bad } = plant(t)
  const { status, stdout } = await runBtkit(['lint', '--json', good, odd, bad])
  const [first, second, third] = jsonLines(stdout)
  const { infoHash, ...found } = first!
  assert.match(String(infoHash), /^[0-9a-f]{40}$/)
  const none = { infoHashV2: null, error: null, code: null }
  assert.deepEqual(found, { torrent: good, file: good, findings: [], ...none })
  assert.deepEqual(second, {
    ...none,
    torrent: odd,
    infoHash: second?.['infoHash'],
    file: odd,
    findings: [
      {
        code: 'tracker-not-url',
        severity: 'warning',
        message: 'tracker "http://\\x1b" is not an http, https, udp, ws or wss URL',
      },
      {
        code: 'reserved-name',
        severity: 'warning',
        message: 'name "con" is that of a device on Windows',
      },
    ],
  })
  const { error, ...rest } = third!
  const unread = { infoHash: null, infoHashV2: null, code: 'bencode' }
  assert.deepEqual(rest, { torrent: bad, file: bad, findings: [], ...unread })
  assert.match(String(error), /bad\.torrent: not a torrent /)
  assert.equal(status, 1)
})

test('a torrent may come from standard input', async () => {
  const { status, stdout } = await runBtkit(['lint', '-'], { stdin: inputOf(ODD) })
  assert.match(stdout, /^-: warning: [^\n]+ \[tracker-not-url\]\n/)
  assert.equal(status, 0)
})

test('no torrent at all is wrong usage', async () => {
  assert.equal((await runBtkit(['lint'])).status, 2)
})
