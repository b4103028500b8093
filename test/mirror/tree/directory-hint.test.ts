import assert from 'node:assert/strict'
import { symlinkSync, chmodSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { lookBelow } from '../../../src/mirror/tree/below-root.js'
import { MirrorView } from '../../../src/mirror/tree/mirror.js'
import { unlessWindows } from '../../disk/failure.js'
import { makeScratch, plantFiles, plantLinks } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'
import { post } from '../app/yum-client.js'
import { refused } from '../refused.js'

const FILES = {
  'pkg/a.rpm': 'a',
  'pkg/sub/b.rpm': 'b',
  '.git/x': 'x',
  'pkg/.git/x': 'x',
  '-/x': 'x',
}

async function serve(t: TestContext) {
  const outside = makeScratch(t, { 'secret/x': 'x' })
  const root = makeScratch(t, FILES)
  plantLinks(root, { latest: 'pkg', out: join(outside, 'secret'), 'pkg/far': outside })
  return serveMirror(t, { root })
}

test('a request for a directory is told how to ask for its files', unlessWindows, async (t) => {
  const { port } = await serve(t)
  for (const path of ['/pkg', '/pkg/sub', '/latest', '/latest/sub']) {
    const hint = `${path}: is a directory; use ${path}/* for the files in it\n`
    const asked = await Promise.all(['', '/'].map((end) => ask(port, SINGLE + path + end)))
    for (const answer of [...asked, await post(port, [path])]) {
      assert.deepEqual([answer.status, answer.body.toString()], [404, hint])
    }
    assert.equal((await ask(port, `${SINGLE}${path}/*.rpm`)).status, 200)
  }
  const ofFile = await ask(port, `${SINGLE}/pkg/a.rpm/`)
  assert.deepEqual([ofFile.status, ofFile.body.toString()], [404, '/pkg/a.rpm/: not found\n'])
})

test('unpublished directories look like missing ones', unlessWindows, async (t) => {
  const { port } = await serve(t)
  for (const path of ['/.git', '/pkg/.git', '/out', '/pkg/far', '/-']) {
    for (const answer of [await ask(port, SINGLE + path), await post(port, [path])]) {
      assert.deepEqual([answer.status, answer.body.toString()], [404, `${path}: not found\n`])
    }
  }
})

/** More levels than are resolved one by one. */
const DEPTH = 200

const WAY = Array.from({ length: DEPTH }, () => 'd')

/**
 * A tree that deep, with a file at its end and links that lead out of it, back into it, and
 * nowhere.
 */
function makeDeep(t: TestContext) {
  const outside = makeScratch(t, { 'secret/x': 'secret' })
  const root = realpathSync(makeScratch(t))
  const deepest = join(root, ...WAY)
  plantFiles(root, { [[...WAY, 'file'].join('/')]: 'content', 'top/file': 'content' })
  plantLinks(deepest, { out: join(outside, 'secret'), in: join(root, 'top'), lost: 'nowhere' })
  symlinkSync('loop', join(deepest, 'loop'))
  return { root, deepest }
}

test('a deep path has the real path that the system reports', unlessWindows, async (t) => {
  const { root, deepest } = makeDeep(t)
  const look = async (...names: string[]) => {
    return lookBelow({ root, followSymlinks: false }, [...WAY, ...names])
  }
  for (const names of [[], ['file'], ['in'], ['in', 'file']]) {
    assert.equal((await look(...names)).absolutePath, realpathSync(join(deepest, ...names)))
  }
  await assert.rejects(look('lost'), { code: 'ENOENT' })
  await assert.rejects(look('loop'), { code: 'ELOOP' })
  await assert.rejects(look('file', 'x'), { code: 'ENOTDIR' })
})

test('a deep directory without read permission has a real path, too', unlessWindows, async (t) => {
  const { root, deepest } = makeDeep(t)
  const closed = join(deepest, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o111)
  const look = await lookBelow({ root, followSymlinks: false }, [...WAY, 'closed'])
  assert.equal(look.absolutePath, closed)
})

test('links deep in a mirror cannot lead outside', unlessWindows, async (t) => {
  const { root, deepest } = makeDeep(t)
  const view = new MirrorView({ root, hidden: false, followSymlinks: false })
  assert.equal((await view.directory(WAY)).absolutePath, deepest)
  assert.equal((await view.directory([...WAY, 'in'])).absolutePath, join(root, 'top'))
  assert.equal((await view.file([...WAY, 'in', 'file'])).absolutePath, join(root, 'top/file'))
  for (const path of [['out'], ['out', 'x'], ['lost'], ['loop']]) {
    await assert.rejects(view.file([...WAY, ...path]), refused('not-found', /\/d\/d\//))
    await assert.rejects(view.directory([...WAY, ...path]), refused('not-found', /\/d\/d\//))
  }
})
