import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { startTrack } from '../../../support/track.js'

const IGNORED =
  'btkit: warning: --workers: ignored, as one process answers; ' +
  'for TLS and large files put nginx or caddy in front\n'

test('--workers of old units is warned of once, and otherwise ignored', async (t) => {
  const env = { BTKIT_TRACK_WORKERS: '4' }
  for (const setup of [{ args: ['--workers', '2'] }, { io: { env } }]) {
    const track = await startTrack(t, setup)
    assert.equal((await track.get('/-/health')).status, 200)
    const { status, stderr } = await track.stop()
    assert.deepEqual([status, stderr], [0, IGNORED])
  }
})

test('--workers is in no help', async () => {
  for (const command of ['track', 'serve']) {
    const { stdout } = await runBtkit([command, '--help'])
    assert.doesNotMatch(stdout, /workers/)
  }
})
