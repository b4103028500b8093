import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runExecutable } from '../support/executable.js'
import { giveAway, makeOpenScratch, unlessTwoUsers } from '../support/unprivileged.js'

/** A user that no passwd entry names, as in a container. */
const STRANGER = { uid: 54_321, gid: 54_321 }
const NOWHERE = { BTKIT_CACHE_DIR: '', BTKIT_STATE_DIR: '' }
const NO_CACHE =
  'btkit: warning: no home directory for the cache, so none is used; set --cache-dir or HOME\n'

const run = (args: readonly string[]) => runExecutable('btkit', args, { ...STRANGER, env: NOWHERE })

test('without a home directory makemetafile works without a cache', unlessTwoUsers, async (t) => {
  const root = makeOpenScratch(t, { a: 'a' })
  const args = ['makemetafile', join(root, 'a'), 'http://t.example/announce']
  for (const [options, warning] of [
    [[], NO_CACHE],
    [['--no-cache'], ''],
  ] as const) {
    const { status, stderr } = await run([...args, ...options])
    assert.deepEqual([status, stderr], [0, warning])
  }
  const { status, stderr } = await run(['verify', join(root, 'a.torrent')])
  assert.deepEqual([status, stderr.replace(NO_CACHE, '')], [0, ''])
})

test('completedir asks for a place for its state', unlessTwoUsers, async (t) => {
  const root = makeOpenScratch(t, { 'd/a': 'a' })
  giveAway(join(root, 'd'))
  const args = ['completedir', join(root, 'd'), '--trackerless', '--output', root]
  const { status, stderr } = await run(args)
  const said = 'btkit: no home directory for the state; set --state-dir or HOME\n'
  assert.deepEqual([status, stderr], [2, `${NO_CACHE}${said}`])
  const state = ['--state-dir', join(root, 'state'), '--quiet']
  assert.deepEqual((await run([...args, ...state])).status, 0)
  assert.ok(readdirSync(root).includes('a.torrent'))
})
