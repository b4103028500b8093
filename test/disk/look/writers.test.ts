import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { whoWrites } from '../../../src/disk/look/writers.js'
import { nativeLstat } from '../../../src/disk/look/stat-files.js'
import { letFilesSettle } from '../../support/aged.js'
import { aheadOfFiles, Mirror } from '../../support/mirror.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

const unlessNoAddon = { skip: process.platform !== 'linux' || nativeLstat === null }

test('a file that a program has open for writing is found', unlessNoAddon, async (t) => {
  const directory = makeScratch(t, { idle: 'a', read: 'b', written: 'c' })
  const at = (name: string) => join(directory, name)
  execFileSync('mkfifo', [at('pipe')])
  symlinkSync('written', at('link'))
  const paths = ['idle', 'read', 'written', 'pipe', 'link', 'missing', 'x\0y'].map(at)
  const readers = [openSync(at('read'), 'r'), openSync(at('written'), 'r')]
  const writer = openSync(at('written'), 'r+')
  const found = [paths.indexOf(at('written')), paths.indexOf(at('link'))]
  assert.deepEqual(await whoWrites(paths), found)
  closeSync(writer)
  assert.deepEqual(await whoWrites(paths), [])
  for (const reader of readers) closeSync(reader)
})

test('a program that opens a file just now is not held up', unlessNoAddon, async (t) => {
  const path = join(makeScratch(t, { a: 'a' }), 'a')
  const write = async () => {
    for (let i = 0; i < 200; i++) await (await open(path, 'r+')).close()
  }
  const ask = async () => {
    for (let i = 0; i < 200; i++) await whoWrites([path])
  }
  await Promise.all([write(), ask(), write(), ask()])
  assert.deepEqual(await whoWrites([path]), [])
})

test(
  'completedir waits for a file that a program has open for writing',
  unlessNoAddon,
  async (t) => {
    const mirror = new Mirror(t, { log: 'x'.repeat(50_000), other: 'y' })
    await letFilesSettle()
    const writer = openSync(mirror.at('log'), 'r+')
    const during = assertStatus(await mirror.run(['--json']), 1)
    const { failed } = JSON.parse(during.stdout) as { failed: { code: string; message: string }[] }
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['changed'],
    )
    assert.match(failed[0]?.message ?? '', /log: a program has it open for writing$/)
    assert.deepEqual(mirror.list(), ['other.torrent'])
    closeSync(writer)
    const after = await mirror.report()
    assert.deepEqual([after.failed, mirror.list()], [[], ['log.torrent', 'other.torrent']])
  },
)

test('digests of a file that is being written do not enter the cache', unlessNoAddon, async (t) => {
  const mirror = new Mirror(t, { log: 'x'.repeat(50_000) })
  const make = async () => {
    const target = ['--target', join(mirror.target, 'log.torrent'), '--force', '--json']
    const args = ['makemetafile', mirror.at('log'), 'http://t.example/announce', ...target]
    const { stdout } = await runBtkit([...args, '--cache-dir', mirror.cache], { now: aheadOfFiles })
    return (JSON.parse(stdout) as { bytesHashed: number }).bytesHashed
  }
  const writer = openSync(mirror.at('log'), 'r+')
  assert.deepEqual([await make(), await make()], [50_000, 50_000])
  closeSync(writer)
  assert.deepEqual([await make(), await make()], [50_000, 0])
})
