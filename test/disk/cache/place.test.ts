import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkFileSystem } from '../../../src/disk/cache/place.js'
import { runExecutable } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'

/** Checks the scratch directory as if its disk were mounted with this type. */
function check(t: TestContext, type: string): void {
  const directory = makeScratch(t)
  const { dev } = statSync(directory)
  const device = `${dev >> 8}:${dev & 0xff}`
  checkFileSystem(directory, `22 1 ${device} / / rw,relatime - ${type} server:/home rw`)
}

test('a cache that other hosts may have mounted is refused, with its kind and what to do', (t) => {
  const advice =
    /where other hosts could damage it; name a directory of a local disk by --cache-dir/
  for (const type of ['nfs', 'nfs4', 'cifs', 'smb3', 'ceph', '9p', 'fuse.sshfs']) {
    const say = () => {
      check(t, type)
    }
    assert.throws(say, advice)
    assert.throws(say, new RegExp(`network file system \\(${type}\\)`))
  }
})

for (const type of ['ext4', 'fuse.gocryptfs', 'fuseblk', 'fuse', 'overlay', 'nfsd']) {
  test(`a cache on ${type} is used`, (t) => {
    assert.doesNotThrow(() => {
      check(t, type)
    })
  })
}

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
    const { readFileSync } = fs
    fs.readFileSync = (path, ...rest) => {
      const content = readFileSync(path, ...rest)
      return path === '/proc/self/mountinfo' ? content.replace(/ - \\S+/g, ' - nfs4') : content
    }
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
      /^btkit: warning: cache [^\n]+: not used: it is on a network file system \(nfs4\)[^\n]+\n$/,
    )
    assert.deepEqual(readdirSync(cache), [])
    rmSync(patch)
  },
)
