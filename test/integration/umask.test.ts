// In a process of its own: it changes its umask
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startAdmin } from '../support/admin.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

test(
  'under umask 0 others reach neither the cache nor the socket of the administration',
  { skip: process.platform === 'win32' },
  async (t) => {
    const before = process.umask(0)
    t.after(() => process.umask(before))
    const modeOf = (path: string) => statSync(path).mode & 0o777
    const directory = makeScratch(t, { a: 'a' })
    const cache = join(directory, 'cache')
    const make = ['makemetafile', join(directory, 'a'), '--trackerless', '--cache-dir', cache]
    assert.equal((await runBtkit(make)).status, 0)
    for (const name of ['pieces.sqlite']) assert.equal(modeOf(join(cache, name)), 0o600, name)
    const socket = join(directory, 'admin.sock')
    await startAdmin(t, { args: ['--admin-listen', socket] })
    assert.equal(modeOf(socket), 0o770)
  },
)
