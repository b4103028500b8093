import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadNative } from '../../../src/base/native-addon.js'
import { unlessInstalled } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const SCRIPT = new URL('../../../../test/mirror/hostile/hung.py', import.meta.url).pathname

const isPossible = process.getuid?.() === 0 && existsSync('/dev/fuse')

/** Mounts it; null if this is not allowed here. */
async function mountHung(directory: string): Promise<ChildProcess | null> {
  const child = spawn('python3', [SCRIPT, directory], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'exit').then(() => null)
  const mounted = once(child.stdout, 'data').then(() => child)
  return Promise.race([mounted, ended])
}

const SKIP = unlessInstalled('python3').skip || (!isPossible && 'only root mounts file systems')

test(
  'a file system that hangs below the root holds up only its own files',
  { skip: SKIP },
  async (t) => {
    const root = makeScratch(t, { 'pub/file': 'content', 'pub/other': 'other', 'pub/hung/x': '' })
    // However long the mounting takes, pages are as fresh as before
    const io = { monotonic: () => 1_000_000 }
    const { port } = await serveMirror(t, { root, args: ['--log', 'off'], io })
    const known = ['/pub/file', '/pub/?json', '/pub/file.torrent']
    for (const address of known) assert.equal((await ask(port, address)).status, 200)
    const hung = await mountHung(join(root, 'pub/hung'))
    if (!hung) {
      t.skip('mounting is not allowed here')
      return
    }
    const waiting = ask(port, '/pub/hung/x').catch(() => null)
    for (const address of [...known, '/pub/other', '/-/health']) {
      assert.equal((await ask(port, address)).status, 200, address)
    }
    hung.stdin?.end()
    await once(hung, 'exit')
    // The kernel ends what waits with an error
    assert.notEqual((await waiting)?.status, 200)
  },
)

test(
  'the metrics are answered while a file system that hangs holds all threads',
  {
    skip:
      SKIP || (loadNative('openNow') === null && 'without the addon, every file needs a thread'),
  },
  async (t) => {
    const root = makeScratch(t, { 'pub/file': 'content', 'pub/hung/x': '' })
    const { port } = await serveMirror(t, { root, args: ['--log', 'off'] })
    assert.equal((await ask(port, '/pub/file')).status, 200)
    const hung = await mountHung(join(root, 'pub/hung'))
    if (!hung) {
      t.skip('mounting is not allowed here')
      return
    }
    const kinds = ['', 'a', 'b', 'c', 'd.torrent', '?json', 'e.sha256', '?details']
    const waiting = kinds.map((kind) => ask(port, `/pub/hung/${kind}`).catch(() => null))
    assert.equal((await ask(port, '/pub/file')).status, 200)
    assert.equal((await ask(port, '/-/metrics')).status, 200)
    assert.equal((await ask(port, '/-/status.json')).status, 200)
    hung.stdin?.end()
    await once(hung, 'exit')
    await Promise.all(waiting)
  },
)
