import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { optionEntries } from '../../../../src/cli/options/table.js'
import { allCommands } from '../../../support/commands.js'
import { serveFiles } from '../../../support/file-server.js'
import { assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

/**
 * A value for each option with an argument, and `refused` for an option that needs files on a disk.
 */
const OPTIONS: Readonly<Record<string, string | { readonly refused: string | null }>> = {
  announce: TRACKER,
  'announce-list': `${TRACKER}|http://b/announce`,
  'web-seed': 'http://s/',
  'web-seed-base': 'http://s/',
  'piece-size-pow2': '15',
  'piece-length': '64KiB',
  'target-pieces': '1',
  'max-torrent-size': '1MiB',
  'max-piece-length': '16KiB',
  comment: 'c',
  source: 'S',
  'created-by': 'me',
  date: { refused: 'mtime' },
  set: 'info.k="v"',
  include: 'sub',
  exclude: '*.asc',
  hidden: { refused: null },
  symlinks: { refused: 'store' },
  'sort-by': '-size',
  'http-seed': 'http://h/s.php',
  node: 'n.example:1',
  attributes: { refused: null },
  threads: '1',
  'max-rate': '50M',
  'cache-dir': '(below the scratch directory)',
  'cache-trust': { refused: 'mtime' },
  'cache-url': { refused: 'redis://h' },
  share: { refused: 'a=.' },
  'share-key-file': { refused: 'key' },
  queue: { refused: 'redis://h' },
  preset: 'p',
  checksums: 'sha256',
  mode: '600',
  name: 'other',
  'files-from': 'list',
  'base-url': 'http://s/',
  'header-file': 'headers',
  output: 'x.torrent',
}

const FILES = { 'rel/b': 'two two', 'rel/sub/a': 'one', 'rel/k.asc': 'key' }

test('each option holds for a list at a URL as for one on a disk, or is refused', async (t) => {
  const at = makeScratch(t, { ...FILES, list: 'b\nsub/a\nk.asc\n', headers: 'X: y\n' })
  const server = await serveFiles(t, { ...FILES, 'rel/list': 'b\nsub/a\nk.asc\n' })
  writeFileSync(join(at, 'conf.yaml'), 'presets: {p: {comment: preset}}\n')
  const made = async (content: readonly string[], args: readonly string[]) => {
    const out = join(at, 'x.torrent')
    rmSync(out, { force: true })
    const given = ['--config', join(at, 'conf.yaml'), '--no-date', ...content, ...args]
    const result = await runBtkit(['makemetafile', ...given, '-o', out], { cwd: at })
    return { result, torrent: existsSync(out) ? readFileSync(out).toString('latin1') : null }
  }
  const command = (await allCommands()).find((each) => each.name() === 'makemetafile')
  assert.ok(command)
  const onDisk = [join(at, 'rel'), '--files-from', join(at, 'list')]
  const atUrl = ['--files-from', `${server.url}/rel/list`]
  const own = ['files-from', 'base-url', 'header-file', 'output', 'json', 'randomize', 'clobber']
  for (const { key, on, off, isHidden } of optionEntries(command).values()) {
    if (isHidden && !OPTIONS[key]) continue
    const example = OPTIONS[key]
    const named = typeof example === 'object' ? example.refused : example
    const value = key === 'cache-dir' ? join(at, 'cache') : named
    if (on && !on.isBoolean()) assert.notEqual(value, undefined, `${key}: needs a row here`)
    if (own.includes(key)) continue
    for (const option of [on?.long, off?.long].flatMap((each) => each ?? [])) {
      const words = option === on?.long && typeof value === 'string' ? [option, value] : [option]
      const needsTracker = !['announce', 'announce-list', 'trackerless'].includes(key)
      const args = [...words, ...(needsTracker ? [TRACKER] : [])]
      const seed = key === 'web-seed-base' ? [] : ['--web-seed', 'http://s/']
      const remote = await made(atUrl, [...args, ...seed])
      if (typeof example === 'object' && option === on?.long) {
        assertError(remote.result, 'usage', option)
        continue
      }
      const local = await made(onDisk, [...args, ...seed])
      const [status, torrent] = [local.result.status, local.torrent]
      assert.deepEqual([remote.result.status, remote.torrent], [status, torrent], option)
      assert.notEqual(status, 2, `${option}: ${local.result.stderr}`)
    }
  }
})

test('a configuration holds for a list at a URL, or a note says that it does not', async (t) => {
  const at = makeScratch(t, {})
  const server = await serveFiles(t, { ...FILES, 'rel/list': 'b\nsub/a\nk.asc\n' })
  const out = join(at, 'x.torrent')
  const conf =
    'defaults: {exclude: ["*.asc"], hidden: true, attributes: true, cache-trust: mtime}\n'
  writeFileSync(join(at, 'conf.yaml'), conf)
  const list = ['--files-from', `${server.url}/rel/list`, TRACKER, '--sort-by', 'path']
  const all = ['makemetafile', ...list, '-o', out, '--config', join(at, 'conf.yaml')]
  const { stderr } = assertStatus(await runBtkit(all), 0)
  assert.match(stderr, /--hidden: not used.*\n.*--attributes: not used.*\n.*skipped 1 excluded/)
  const shown = await runBtkit(['showmetainfo', '--field', 'files', out])
  assert.equal(shown.stdout, 'b\nsub/a\n')
  assert.ok(
    !server.asked.some((each) => each.includes('k.asc')),
    'what is excluded is not asked for',
  )
})

test('standard input refuses what needs files', async () => {
  for (const option of ['--hidden', '--attributes', '--check'])
    assertError(await runBtkit(['makemetafile', '-', '-n', 'x', TRACKER, option]), 'usage', option)
})
