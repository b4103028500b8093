import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { spreadTrackers } from '../../../src/mirror/torrents/trackers.js'
import type { TrackerUrl } from '../../../src/metainfo/values.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { type Captured, assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { planted } from '../app/reference-mirror.js'
import { multiFileInfo, sha1, torrentAround, trackerOrder } from '../app/reference-rules.js'
import { get, post } from '../app/yum-client.js'
import { until } from '../../support/until.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no pipes with names here' }

const SET = ['a', 'b', 'c'].map((name) => {
  return { path: `/yum/${name}.rpm`, content: Buffer.from(`content of ${name}`) }
})
const PATHS = SET.map(({ path }) => path)
const INFO = multiFileInfo(SET)

const ONE = 'http://one.example/announce'
const TWO = 'udp://two.example:6969'
const THREE = 'https://three.example/announce?key=1'

/** A service whose trackers are in a file with this text. */
async function serveTrackers(t: TestContext, text: string) {
  const file = join(makeScratch(t), 'trackers')
  writeFileSync(file, text)
  const served = await serveMirror(t, { files: planted(SET), args: ['--trackers', file] })
  return { ...served, file }
}

/** The set's torrent around the only correct info, with these trackers. */
function torrentWith({ address }: ServedMirror, trackers: readonly string[]): Buffer {
  return torrentAround(INFO, trackers, [`${address}/`])
}

/** Waits until the service's torrents have these trackers. */
async function untilTrackers(served: ServedMirror, trackers: readonly string[]): Promise<void> {
  const expected = torrentWith(served, trackers)
  await until('it has these trackers', async () =>
    (await get(served.port, PATHS)).body.equals(expected),
  )
}

function linesOf(stream: Captured, pattern: RegExp): string[] {
  return stream.text.split('\n').filter((line) => pattern.test(line))
}

test('trackers are read from the file, without comments and blank lines', async (t) => {
  const text = `# ours\n\n${ONE}\r\n   ${TWO}  \n#${THREE}\n${ONE}\n`
  const served = await serveTrackers(t, text)
  const { body } = await post(served.port, PATHS)
  assert.deepEqual(body, torrentWith(served, [ONE, TWO]))
  assert.doesNotMatch(served.stderr.text, /warning/)
})

test('trackers in the file are stored in punycode and percent form', async (t) => {
  const served = await serveTrackers(t, 'http://ä.example/é\n')
  const { body } = await post(served.port, PATHS)
  assert.deepEqual(body, torrentWith(served, ['http://xn--4ca.example/%C3%A9']))
})

test('lines that are not trackers are reported with their number, and ignored', async (t) => {
  const served = await serveTrackers(t, `${ONE}\nftp://no.example/\ngarbage\n${TWO}\nhttp://\n`)
  const { body } = await post(served.port, PATHS)
  assert.deepEqual(body, torrentWith(served, [ONE, TWO]))
  const reports = linesOf(served.stderr, /warning/)
  assert.equal(reports.length, 3)
  for (const [i, what] of ['line 2: "ftp:', 'line 3: "garbage"', 'line 5: "http:'].entries()) {
    assert.ok(reports[i]!.includes(what) && reports[i]!.includes(served.file), reports[i])
  }
})

test('of very many lines that are not trackers, ten are reported and the rest counted', async (t) => {
  const bad = Array.from({ length: 60_000 }, (_, i) => `bad ${i}\n`).join('')
  const { stderr, file } = await serveTrackers(t, `${bad}${ONE}\n`)
  const reports = linesOf(stderr, /warning/)
  assert.equal(reports.length, 11)
  assert.ok(reports[9]!.includes('line 10: "bad 9"'), reports[9])
  assert.ok(
    reports[10]!.endsWith(`${file}: no tracker URLs in 59990 more lines; correct them`),
    reports[10],
  )
})

test('each tracker is its own tier, in an order that depends on the torrent', async (t) => {
  const urls = Array.from({ length: 8 }, (_, i) => `http://t${i}.example/announce`)
  const served = await serveMirror(t, {
    files: planted(SET),
    args: urls.flatMap((url) => ['--tracker', url]),
  })
  const orders = new Set<string>()
  for (const [i] of SET.entries()) {
    const chosen = SET.filter((_, other) => other !== i)
    const answer = await post(
      served.port,
      chosen.map(({ path }) => path),
    )
    const order = trackerOrder(urls, multiFileInfo(chosen))
    const decoded = decodeTorrent(answer.body)
    assert.deepEqual(
      decoded['announce-list'],
      order.map((url) => [url]),
    )
    assert.equal(decoded['announce'], order[0])
    orders.add(order.join(' '))
  }
  assert.equal(orders.size, SET.length)
})

test('a changed file changes the trackers of torrents, and nothing else', async (t) => {
  const served = await serveTrackers(t, `${ONE}\n`)
  const before = await post(served.port, PATHS)
  assert.deepEqual(before.body, torrentWith(served, [ONE]))
  writeFileSync(served.file, `${TWO}\n${THREE}\n`)
  served.hangUp()
  await untilTrackers(served, [TWO, THREE])
  const after = await get(served.port, PATHS)
  const name = 'content-disposition'
  assert.equal(after.headers[name], `attachment; filename=${sha1(INFO)}.torrent`)
  assert.notEqual(after.headers.etag, before.headers.etag)
  const path = `/yum/torrent_service/digest/${sha1(PATHS.join('\n'))}`
  const condition = { 'If-None-Match': before.headers.etag! }
  assert.equal((await ask(served.port, path, { headers: condition })).status, 200)
})

const BROKEN = {
  emptied: (file: string) => {
    writeFileSync(file, '')
  },
  'left with comments alone': (file: string) => {
    writeFileSync(file, '# all gone\n\n')
  },
  'left with nonsense alone': (file: string) => {
    writeFileSync(file, 'nonsense\n')
  },
  removed: (file: string) => {
    rmSync(file)
  },
}

for (const [what, spoil] of Object.entries(BROKEN)) {
  test(`when the file is ${what}, the last good trackers stay, with one report`, async (t) => {
    const served = await serveTrackers(t, `${ONE}\n`)
    await post(served.port, PATHS)
    spoil(served.file)
    const kept = /old trackers stay in use/
    served.hangUp()
    await until('it says so', () => linesOf(served.stderr, kept).length > 0)
    served.hangUp()
    // Long enough for a second report, if there were one
    for (let i = 0; i < 30; i++) {
      assert.deepEqual((await get(served.port, PATHS)).body, torrentWith(served, [ONE]))
    }
    writeFileSync(served.file, `${TWO}\n`)
    served.hangUp()
    await untilTrackers(served, [TWO])
    assert.equal(linesOf(served.stderr, kept).length, 1)
    assert.match(served.stderr.text, new RegExp(`${served.file}: .*old trackers stay in use`))
  })
}

test(
  'a file that became a pipe, is missing or too long is reported, and the trackers stay',
  unlessPosix,
  async (t) => {
    const served = await serveTrackers(t, `${ONE}\n`)
    const makers = [
      [/not a regular file/, () => execFileSync('mkfifo', [served.file])],
      [/no such file/, () => undefined],
      [
        /larger than the limit/,
        () => {
          writeFileSync(served.file, `#${'x'.repeat(2 ** 20)}\n${TWO}\n`)
        },
      ],
    ] as const
    await post(served.port, PATHS)
    for (const [told, make] of makers) {
      rmSync(served.file, { recursive: true, force: true })
      make()
      served.hangUp()
      await until('it says so', () => linesOf(served.stderr, told).length === 1)
      assert.ok((await get(served.port, PATHS)).body.equals(torrentWith(served, [ONE])))
    }
    rmSync(served.file)
    writeFileSync(served.file, `${TWO}\n`)
    served.hangUp()
    await untilTrackers(served, [TWO])
  },
)

test('a trackers file that is a pipe is an error at the start', unlessPosix, async (t) => {
  const file = join(makeScratch(t), 'trackers')
  execFileSync('mkfifo', [file])
  const signal = AbortSignal.timeout(10_000)
  const { status, stderr } = await runBtkit(['serve', makeScratch(t), '--trackers', file], {
    signal,
  })
  assert.equal(status, 2)
  assert.match(stderr, /^btkit: [^\n]*not a regular file[^\n]*\n$/)
})

test('with --trackerless a torrent has no tracker', async (t) => {
  const served = await serveMirror(t, { files: planted(SET), args: ['--trackerless'] })
  const { body } = await post(served.port, PATHS)
  assert.deepEqual(Object.keys(decodeTorrent(body)).toSorted(), ['info', 'url-list'])
  assert.deepEqual(body, torrentWith(served, []))
})

test('without any trackers it does not start, and one line says what to do', async (t) => {
  const root = makeScratch(t)
  const empty = join(makeScratch(t, { empty: '# none\n' }), 'empty')
  for (const file of [join(root, 'none'), empty]) {
    const { stdout, stderr } = assertStatus(await runBtkit(['serve', root, '--trackers', file]), 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^btkit: [^\n]*\n$/)
    for (const option of ['--trackers', '--tracker ', '--trackerless', file]) {
      assert.ok(stderr.includes(option), `${option} in ${stderr}`)
    }
  }
})

test('an invalid tracker on the command line is refused', async (t) => {
  const { status, stderr } = await runBtkit(['serve', makeScratch(t), '--tracker', 'nonsense'])
  assert.equal(status, 2)
  assert.match(stderr, /nonsense/)
})

test('--tracker and --trackerless cannot be used together', async (t) => {
  const args = ['serve', makeScratch(t), '--tracker', ONE, '--trackerless']
  const { stderr } = assertStatus(await runBtkit(args), 2)
  assert.match(stderr, /--tracker and --trackerless/)
})

test('a tracker has one tier for HTTP and UDP, and WebSocket comes last', () => {
  const a = ['ws://a.example/', 'http://a.example/x', 'udp://a.example:6969/x']
  const all = [
    ...a,
    'wss://b.example/',
    'udp://b.example:1/',
    'http://a.example:8/',
  ] as TrackerUrl[]
  for (let n = 0; n < 50; n++) {
    const tiers = spreadTrackers(all, `${n}`)
    const shown = tiers.map((tier) =>
      Array.from(tier, (url) => url.split(':')[0])
        .sort()
        .join('+'),
    )
    assert.deepEqual(shown.slice(3).sort(), ['ws', 'wss'])
    assert.deepEqual(shown.slice(0, 3).sort(), ['http', 'http+udp', 'udp'])
  }
})
