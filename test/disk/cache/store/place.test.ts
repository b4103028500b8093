import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkFileSystem } from '../../../../src/disk/cache/store/place.js'
import { runExecutable } from '../../../support/executable.js'
import { makeScratch } from '../../../support/scratch.js'
import { mountSmallDisk, unlessNoDisks } from '../../../support/small-disk.js'

/** The types of file systems as linux/magic.h has them. */
const NFS = 0x6969
const CIFS = 0xff534d42
const EXT4 = 0xef53
const FUSE = 0x65735546

function check(type: number, mountType: string | null = null): void {
  checkFileSystem('/cache', { typeOf: () => type, mountTypeOf: () => mountType })
}

test('a cache that other hosts may have mounted is refused, with its kind and what to do', () => {
  const advice =
    /where other hosts could damage it; name a directory of a local disk by --cache-dir/
  assert.throws(() => {
    check(NFS)
  }, /network file system \(NFS\)/)
  assert.throws(() => {
    check(CIFS)
  }, advice)
  assert.throws(() => {
    check(FUSE, 'fuse.sshfs')
  }, /\(sshfs\)/)
})

for (const [what, type, mountType] of [
  ['ext4', EXT4, null],
  ['a local one by FUSE', FUSE, 'fuse.gocryptfs'],
  ['NTFS by FUSE', FUSE, 'fuseblk'],
  ['one by FUSE that is not told', FUSE, null],
] as const) {
  test(`a cache on ${what} is used`, () => {
    assert.doesNotThrow(() => {
      check(type, mountType)
    })
  })
}

test('the directory for temporary files is on a local disk', () => {
  assert.doesNotThrow(() => {
    checkFileSystem(tmpdir())
  })
})

test('so is a disk in memory', unlessNoDisks, (t) => {
  const disk = mountSmallDisk(t, 1)!
  assert.doesNotThrow(() => {
    checkFileSystem(disk)
  })
})

test(
  'a cache on NFS costs one warning, and nothing is written there',
  { skip: process.platform !== 'linux' && 'needs Linux' },
  async (t) => {
    const root = makeScratch(t, { 'src/a': 'a' })
    const cache = mkdtempSync(join(root, 'cache-'))
    const patch = join(root, 'nfs.cjs')
    writeFileSync(
      patch,
      `
    const fs = require('node:fs')
    const { statfsSync } = fs
    fs.statfsSync = (path) => ({ ...statfsSync(path), type: ${NFS} })
    require('node:module').syncBuiltinESMExports()
  `,
    )
    const args = [
      'makemetafile',
      join(root, 'src/a'),
      'http://t.example/announce',
      '--cache-dir',
      cache,
    ]
    const env = { NODE_OPTIONS: `--require ${patch}` }
    const { status, stderr } = await runExecutable('btkit', [...args, '--quiet'], { env })
    assert.equal(status, 0)
    assert.match(
      stderr,
      /^btkit: warning: cache [^\n]+: not used: it is on a network file system \(NFS\)[^\n]+\n$/,
    )
    assert.deepEqual(readdirSync(cache), [])
    rmSync(patch)
  },
)
