import assert from 'node:assert/strict'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertStatus, jsonLines, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

/** Commands that read torrents; DATA is the directory of their files. */
const COMMANDS: readonly string[] = [
  'hash',
  'magnet',
  'lint',
  'showmetainfo',
  'verify --data DATA',
  'find --in DATA',
  'find --data DATA',
  'convert --v2 --data DATA --force',
  'edit --comment x',
  'reannounce http://b.example/announce',
  'copyannounce DATA/other.torrent',
  'sethttpseeds http://s.example/',
  'publish --client transmission+http://127.0.0.1:1 --dry-run --data DATA',
]

/** A directory with the torrents a and below/b, and their files elsewhere. */
async function plant(t: TestContext) {
  const data = makeScratch(t, { a: '12345', b: '67890' })
  const torrents = makeScratch(t, { 'below/c.txt': '' })
  const made = [
    ['a', join(torrents, 'a.torrent')],
    ['b', join(torrents, 'below', 'b.torrent')],
    ['b', join(data, 'other.torrent')],
  ] as const
  for (const [name, output] of made) {
    const args = ['http://t.example/announce', join(data, name), '--output', output]
    assert.equal((await runBtkit(['makemetafile', ...args, '--no-date'])).status, 0)
  }
  return { data, torrents, a: join(torrents, 'a.torrent'), b: join(torrents, 'below/b.torrent') }
}

/** Runs a command; returns its status, its errors and the torrents that it reports. */
async function runOn(line: string, data: string, operands: readonly string[]) {
  const args = line.split(' ').map((word) => word.replace('DATA', data))
  const { status, stderr, stdout } = await runBtkit([...args, ...operands, '--json'])
  const found = jsonLines(stdout).map(({ torrent, file }) => torrent ?? file)
  return { status, stderr, found: [...new Set(found)].sort() }
}

for (const line of COMMANDS) {
  const isOne = line.startsWith('convert')

  test(`${line} takes a torrent, a directory, or both, and each torrent once`, async (t) => {
    const { data, torrents, a, b } = await plant(t)
    const ways = [
      [[a], [a]],
      [[torrents], [a, b]],
      ...(isOne
        ? []
        : [
            [
              [a, torrents],
              [a, b],
            ],
          ]),
    ]
    for (const [operands = [], all] of ways) {
      for (const each of [a, b]) rmSync(each.replace('.torrent', '.v2.torrent'), { force: true })
      const { status, stderr, found } = await runOn(line, data, operands)
      // No client is there
      const isDone = line.startsWith('publish') || status === 0
      assert.ok(isDone, stderr)
      assert.deepEqual(found, all)
    }
  })

  test(`${line} refuses a directory without torrents, and does the rest`, async (t) => {
    const { data, torrents, a, b } = await plant(t)
    const empty = makeScratch(t)
    const alone = await runOn(line, data, [empty])
    const why = `${empty}: contains no .torrent; make its torrent first (btkit create ${empty}), then name that`
    assert.equal(alone.status, 1)
    assert.ok(alone.stderr.includes(`btkit: ${why}\n`), alone.stderr)
    const rest = isOne ? null : await runOn(line, data, [empty, torrents])
    assert.deepEqual(
      [rest?.status ?? 1, rest?.found ?? [empty, a, b].sort()],
      [1, [empty, a, b].sort()],
    )
    assert.ok(existsSync(a))
  })

  test(`${line} names a broken torrent in a directory, and does the rest`, async (t) => {
    const { data, torrents, a, b } = await plant(t)
    const broken = join(torrents, 'broken.torrent')
    writeFileSync(broken, '<html>')
    const { stderr, found } = assertStatus(await runOn(line, data, [torrents]), 1)
    assert.match(stderr, /broken\.torrent: not a torrent/)
    assert.deepEqual(found, [a, b, broken])
  })
}

test('stats, status and withdraw count what directories have', async (t) => {
  const { torrents, a } = await plant(t)
  const { stdout } = await runBtkit(['stats', '--json', torrents, a])
  assert.equal(jsonLines(stdout)[0]?.['torrents'], 2)
})

test('verify checks the torrents of one directory against another', async (t) => {
  const { data, torrents, a, b } = await plant(t)
  const { status, found } = await runOn('verify', data, [torrents, data])
  assert.deepEqual([status, found], [0, [a, b]])
})

test('find searches its last operand, if that is a directory', async (t) => {
  const { data, a } = await plant(t)
  assert.deepEqual(await runOn('find', data, [a, data]), { status: 0, stderr: '', found: [a] })
})
