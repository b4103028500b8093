import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { unlessWindows } from '../disk/failure.js'
import { runExecutable } from '../support/executable.js'
import { runProgram } from '../support/programs.js'
import { unlessInstalled } from '../support/peers.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { makeOpenScratch, unlessAlwaysPermitted, unprivileged } from '../support/unprivileged.js'
import { TRACKER } from '../support/torrents.js'

interface Shown {
  readonly files: readonly { readonly path: string }[]
}

/** The paths that the torrent of `tree` in the directory holds, and what was said. */
async function pathsOf(directory: string, options: readonly string[] = []) {
  const [tree, torrent] = [join(directory, 'tree'), join(directory, 'x.torrent')]
  const args = ['makemetafile', tree, TRACKER, '--target', torrent, ...options]
  const { stderr } = assertStatus(await runBtkit(args), 0)
  const { stdout } = await runBtkit(['showmetainfo', '--json', torrent])
  const { files } = JSON.parse(stdout) as Shown
  return { paths: files.map(({ path }) => path), stderr }
}

/** A tree with links to within, to without, to nothing, to itself and around in a loop. */
function plantLinks(t: TestContext): string {
  const directory = makeScratch(t, { 'tree/42/a': '1', outside: '2', 'tree/z/b': '3' })
  for (const [name, target] of [
    ['latest', '42'],
    ['out', '../outside'],
    ['broken', 'gone'],
    ['self', 'self'],
    ['z/loop', '..'],
  ] as const) {
    symlinkSync(target, join(directory, 'tree', name))
  }
  return directory
}

test(
  'links that stay inside are followed, others are skipped and told',
  unlessWindows,
  async (t) => {
    const { paths, stderr } = await pathsOf(plantLinks(t))
    assert.deepEqual(paths, ['42/a', 'latest/a', 'z/b'])
    for (const part of [
      '1 broken link',
      '2 link loops',
      '1 link that leads outside (out; --symlinks follow includes it)',
    ]) {
      assert.ok(stderr.includes(part), stderr)
    }
  },
)

test('--symlinks follow follows links that lead outside as well', unlessWindows, async (t) => {
  const { paths } = await pathsOf(plantLinks(t), ['--symlinks', 'follow'])
  assert.deepEqual(paths, ['42/a', 'latest/a', 'out', 'z/b'])
})

test('--symlinks skip follows none', unlessWindows, async (t) => {
  const { paths } = await pathsOf(plantLinks(t), ['--symlinks', 'skip'])
  assert.deepEqual(paths, ['42/a', 'z/b'])
})

test('a socket is skipped and told', unlessWindows, async (t) => {
  const directory = makeScratch(t, { 'tree/a': '1' })
  const server = createServer().listen(join(directory, 'tree', 'socket'))
  t.after(() => server.close())
  const { paths, stderr } = await pathsOf(directory)
  assert.deepEqual(paths, ['a'])
  assert.match(stderr, /1 special file/)
})

test(
  'a pipe is skipped and told, and nobody waits for it',
  unlessInstalled('mkfifo'),
  async (t) => {
    const directory = makeScratch(t, { 'tree/a': '1' })
    await runProgram('mkfifo', [join(directory, 'tree', 'pipe')])
    const { paths, stderr } = await pathsOf(directory)
    assert.deepEqual(paths, ['a'])
    assert.match(stderr, /1 special file/)
  },
)

test('a name that is not UTF-8 is an error that shows it', unlessWindows, async (t) => {
  const directory = makeScratch(t, { 'tree/a': '1' })
  writeFileSync(Buffer.concat([Buffer.from(join(directory, 'tree/x')), Buffer.from([0xff])]), '1')
  const { status, stderr } = await runBtkit(['makemetafile', join(directory, 'tree'), TRACKER])
  const why = 'the name is not valid UTF-8; rename it, or skip it with --exclude'
  assert.deepEqual([status, stderr], [1, `btkit: ${directory}/tree/x\\xff: ${why}\n`])
})

for (const [what, shut] of [
  ['file', 'tree/b'],
  ['directory', 'tree/c'],
] as const) {
  const name = `a ${what} that may not be read is named, and nothing is written`

  test(name, unlessAlwaysPermitted, async (t) => {
    const directory = makeOpenScratch(t, { 'tree/a': '1', 'tree/b': '2', 'tree/c/d': '3' })
    chmodSync(join(directory, shut), 0)
    const options = { cwd: directory, ...unprivileged }
    const args = ['makemetafile', 'tree', TRACKER, '--no-cache']
    const result = await runExecutable('btkit', args, options)
    // Else it could not be removed
    chmodSync(join(directory, shut), 0o755)
    assert.deepEqual([result.status, result.stdout], [1, ''])
    assert.match(result.stderr, new RegExp(`^btkit: .*${shut}: permission denied\\n$`))
    assert.deepEqual(readdirSync(directory), ['tree'])
  })
}

test(
  '--dry-run does not open files: one that may not be read is no hindrance',
  unlessAlwaysPermitted,
  async (t) => {
    const directory = makeOpenScratch(t, { a: '12345' })
    chmodSync(join(directory, 'a'), 0)
    const options = { cwd: directory, ...unprivileged }
    const args = ['makemetafile', 'a', TRACKER, '--dry-run', '--no-cache']
    const { status, stdout, stderr } = await runExecutable('btkit', args, options)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^would write a\.torrent .*\ncontent: 1 file, 5 B/)
  },
)

test(
  'a directory that may not be written to is found before hashing',
  unlessAlwaysPermitted,
  async (t) => {
    const directory = makeOpenScratch(t, { a: '1' })
    mkdirSync(join(directory, 'shut'), { mode: 0o555 })
    const options = { cwd: directory, ...unprivileged }
    const args = ['makemetafile', 'a', TRACKER, '--target', 'shut/x', '--no-cache']
    for (const dryRun of [[], ['--dry-run']]) {
      const { status, stderr } = await runExecutable('btkit', [...args, ...dryRun], options)
      const message = 'btkit: shut: cannot be written to: permission denied\n'
      assert.deepEqual([status, stderr], [1, message])
    }
  },
)
