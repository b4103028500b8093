import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Mirror } from '../../../src/mirror/tree/mirror.js'
import { MirrorView } from '../../../src/mirror/tree/mirror.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'
import { post } from '../app/yum-client.js'
import { refused } from '../refused.js'

const FILES = { 'top.iso': 'top', 'yum/a.rpm': 'a', 'yum/b.rpm': 'b' }

/** A mirror whose root can be removed and restored. */
async function serveMovable(t: TestContext) {
  const root = join(makeScratch(t, { 'root/top.iso': 'top', 'root/yum/a.rpm': 'a' }), 'root')
  const { port } = await serveMirror(t, { root })
  const answers = async () => [
    await ask(port, '/top.iso'),
    await ask(port, '/no.iso'),
    await ask(port, `${SINGLE}/top.iso`),
    await ask(port, `${SINGLE}/yum/*.rpm`),
    await ask(port, `${SINGLE}/*/a.rpm`),
    await post(port, ['/yum/a.rpm']),
  ]
  return { root, answers }
}

test('while the root is missing, clients are told to try again later', async (t) => {
  const { root, answers } = await serveMovable(t)
  renameSync(root, `${root}-away`)
  for (const { status, headers, body } of await answers()) {
    assert.deepEqual([status, headers['retry-after']], [503, '10'])
    assert.equal(body.toString(), 'the root of the mirror is missing; try again in 10 s\n')
  }
  renameSync(`${root}-away`, root)
  const statuses = (await answers()).map(({ status }) => status)
  assert.deepEqual(statuses, [200, 404, 200, 200, 200, 200])
})

test('the same while a file is in its place', async (t) => {
  const { root, answers } = await serveMovable(t)
  renameSync(root, `${root}-away`)
  writeFileSync(root, 'no directory')
  for (const { status } of await answers()) assert.equal(status, 503)
})

test('a root that disappears between two lookups counts as missing', async (t) => {
  const mirror: Mirror = { root: makeScratch(t, FILES), hidden: false, followSymlinks: false }
  const view = new MirrorView(mirror)
  await view.file(['yum', 'a.rpm'])
  rmSync(mirror.root, { recursive: true })
  const gone = refused('busy', /root of the mirror/)
  await assert.rejects(view.file(['yum', 'b.rpm']), gone)
  await assert.rejects(new MirrorView(mirror).file(['yum', 'a.rpm']), gone)
})

test('whenever the root disappears while a torrent is made, no file is reported as deleted', async (t) => {
  const moments = [1, 2, 3, 4, 5, 6]
  const names = moments.map((moment) => `yum/${moment}.rpm`)
  const place = makeScratch(t, Object.fromEntries(names.map((name) => [`root/${name}`, name])))
  const root = join(place, 'root')
  let looksLeft = 0
  // Each step of the work reads the clock
  const now = () => {
    if (--looksLeft === 0) renameSync(root, `${root}-away`)
    return Date.now() + 5_000
  }
  const { port } = await serveMirror(t, { root, args: ['--log', 'off'], io: { now } })
  for (const [i, name] of names.entries()) {
    looksLeft = i + 1
    const { status, body } = await ask(port, `${SINGLE}/${name}`)
    assert.ok(status === 200 || status === 503, `${i}: ${status} ${body.toString()}`)
    if (looksLeft <= 0) renameSync(`${root}-away`, root)
    looksLeft = 0
  }
})
