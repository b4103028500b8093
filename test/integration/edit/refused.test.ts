import assert from 'node:assert/strict'
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { onlyRoot } from '../../disk/failure.js'
import { runExecutable } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import { mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { makeOpenScratch, unlessAlwaysPermitted, unprivileged } from '../../support/unprivileged.js'

const NEW = 'http://new.example/announce'
const OLD = Buffer.from(torrentOf(singleFileInfo(), { announce: 'http://old.example/' }))

/** Runs the edit and asserts that it is refused with this one line for the file. */
async function assertRefused(file: string, why: string): Promise<void> {
  const args = ['reannounce', '--quiet', NEW, file]
  const { status, stdout, stderr } = await runExecutable('btkit', args, unprivileged)
  assert.deepEqual([status, stdout, stderr], [1, '', `btkit: ${file}: ${why}\n`])
}

test('a read-only torrent is refused', unlessAlwaysPermitted, async (t) => {
  const root = makeOpenScratch(t, { a: OLD })
  chmodSync(join(root, 'a'), 0o444)
  await assertRefused(join(root, 'a'), 'permission denied')
  assert.deepEqual(readFileSync(join(root, 'a')), OLD)
})

test('a torrent that may not be read is refused', unlessAlwaysPermitted, async (t) => {
  const root = makeOpenScratch(t, { a: OLD })
  chmodSync(join(root, 'a'), 0o000)
  await assertRefused(join(root, 'a'), 'permission denied')
})

test('in a read-only directory nothing is lost', unlessAlwaysPermitted, async (t) => {
  const root = makeOpenScratch(t, { a: OLD })
  chmodSync(join(root, 'a'), 0o666)
  chmodSync(root, 0o555)
  await assertRefused(join(root, 'a'), 'permission denied')
  chmodSync(root, 0o777)
  assert.deepEqual(readFileSync(join(root, 'a')), OLD)
  assert.deepEqual(readdirSync(root), ['a'])
})

test('the owner stays, and so does the mode', onlyRoot, async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  chownSync(path, 1234, 4321)
  chmodSync(path, 0o640)
  const { status } = await runExecutable('btkit', ['reannounce', '--quiet', NEW, path])
  const { uid, gid, mode } = statSync(path)
  assert.deepEqual([status, uid, gid, mode & 0o7777], [0, 1234, 4321, 0o640])
  assert.notDeepEqual(readFileSync(path), OLD)
})

test('on a full disk nothing is lost, and no draft is left', unlessNoDisks, async (t) => {
  const root = mountSmallDisk(t, '256k')!
  const big = Buffer.from(torrentOf(singleFileInfo({ filler: Buffer.alloc(100_000) })))
  writeFileSync(join(root, 'a'), big)
  writeFileSync(join(root, 'b'), big)
  const file = join(root, 'a')
  const args = ['reannounce', '--quiet', NEW, file, join(root, 'b')]
  const { status, stdout, stderr } = await runExecutable('btkit', args)
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /^(btkit: \S+\/[ab]: no space left on device\n){2}$/)
  assert.deepEqual(readFileSync(file), big)
  assert.deepEqual(readdirSync(root).sort(), ['a', 'b'])
})
