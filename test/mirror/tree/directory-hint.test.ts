import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { unlessWindows } from '../../files/failure.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'
import { post } from '../pkgtorrent/yum-client.js'

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
  symlinkSync('pkg', join(root, 'latest'))
  symlinkSync(join(outside, 'secret'), join(root, 'out'))
  symlinkSync(outside, join(root, 'pkg/far'))
  return serveMirror(t, { root })
}

test('a request for a directory is told how to ask for its files', unlessWindows, async (t) => {
  const { port } = await serve(t)
  for (const path of ['/pkg', '/pkg/sub', '/latest', '/latest/sub']) {
    const hint = `${path}: is a directory; use ${path}/* for the files in it\n`
    for (const answer of [await ask(port, SINGLE + path), await post(port, [path])]) {
      assert.deepEqual([answer.status, answer.body.toString()], [404, hint])
    }
    assert.equal((await ask(port, `${SINGLE}${path}/*.rpm`)).status, 200)
  }
})

test('unpublished directories look like missing ones', unlessWindows, async (t) => {
  const { port } = await serve(t)
  for (const path of ['/.git', '/pkg/.git', '/out', '/pkg/far', '/-']) {
    for (const answer of [await ask(port, SINGLE + path), await post(port, [path])]) {
      assert.deepEqual([answer.status, answer.body.toString()], [404, `${path}: not found\n`])
    }
  }
})

test(
  'addresses of files have no patterns, and so no such hint: directories redirect',
  unlessWindows,
  async (t) => {
    const { port } = await serve(t)
    const { status, headers } = await ask(port, '/pkg')
    assert.deepEqual([status, headers.location], [302, './pkg/'])
  },
)
