import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { followRoot, realRootOf } from '../../../src/mirror/tree/root-watch.js'
import type { Io } from '../../../src/cli/io.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { holdHashing } from '../../support/held-hashing.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'

const FILES = {
  'old/yum/a.rpm': 'old',
  'old/yum/gone.rpm': 'gone',
  'new/yum/a.rpm': 'new one',
}

/** A mirror below the link `current`, which leads to `old`, with a function to switch it. */
async function serveLinked(t: TestContext, io: Partial<Io> = {}) {
  const place = makeScratch(t, FILES)
  const root = join(place, 'current')
  symlinkSync('old', root)
  const { port } = await serveMirror(t, { root, io })
  const switchTo = (name: string) => {
    symlinkSync(name, `${root}.new`)
    renameSync(`${root}.new`, root)
  }
  const get = (path: string) => ask(port, path, { headers: { Host: 'mirror.example' } })
  const lengthOf = async () => {
    const { body } = await get(`${SINGLE}/yum/a.rpm`)
    return decodeTorrent(body).info['length']
  }
  return { root, place, get, lengthOf, switchTo }
}

test('files come from the directory that the link leads to at the time', async (t) => {
  const { get, switchTo } = await serveLinked(t)
  assert.equal((await get('/yum/a.rpm')).body.toString(), 'old')
  switchTo('new')
  assert.equal((await get('/yum/a.rpm')).body.toString(), 'new one')
  assert.equal((await get('/yum/gone.rpm')).status, 404)
})

test('torrents do soon, too, however often the old ones were requested', async (t) => {
  // No second passes, after which each torrent is checked anyway
  const { get, lengthOf, switchTo } = await serveLinked(t, { monotonic: () => 0 })
  for (let i = 0; i < 3; i++) assert.equal(await lengthOf(), 3)
  for (let i = 0; i < 3; i++) assert.equal((await get(`${SINGLE}/yum/gone.rpm`)).status, 200)
  switchTo('new')
  await until('the new torrent is sent', async () => (await lengthOf()) === 7)
  const gone = async () => (await get(`${SINGLE}/yum/gone.rpm`)).status === 404
  await until('the torrent of the other file is gone', gone)
  switchTo('old')
  await until('the old torrent is sent again', async () => (await lengthOf()) === 3)
})

test('nobody then waits for an old torrent that is still hashed', async (t) => {
  const held = holdHashing(t)
  const { lengthOf, switchTo } = await serveLinked(t)
  const early = lengthOf()
  await until('the old file is asked for', () => held.asked().length === 1)
  switchTo('new')
  const late: Promise<unknown>[] = []
  await until('the new file is asked for', () => {
    late.push(lengthOf())
    return held.asked().length > 1
  })
  held.release()
  await Promise.all([early, ...late])
  assert.equal(await late.at(-1), 7)
})

test('while the link leads nowhere, clients are told to try again', async (t) => {
  const { get, switchTo } = await serveLinked(t)
  switchTo('nowhere')
  assert.equal((await get('/yum/a.rpm')).status, 503)
  assert.equal((await get('/-/health')).status, 503)
  switchTo('new')
  assert.equal((await get('/yum/a.rpm')).status, 200)
})

test('a link in the mirror to the former root leads outside', async (t) => {
  const { get, switchTo, place } = await serveLinked(t)
  symlinkSync('../../old/yum/gone.rpm', join(place, 'new/yum/link'))
  switchTo('new')
  assert.equal((await get('/yum/link')).status, 404)
  assert.equal((await get(`${SINGLE}/yum/link`)).status, 404)
})

test('each move of the link is noticed, and nothing is looked up without one', async (t) => {
  const place = makeScratch(t, FILES)
  const [root, plain] = [join(place, 'current'), join(place, 'old')]
  symlinkSync('old', root)
  let [moves, others] = [0, 0]
  const real = await realRootOf(root)
  t.after(followRoot(root, real, () => moves++))
  t.after(followRoot(plain, await realRootOf(plain), () => others++))
  for (const [i, name] of ['new', 'old'].entries()) {
    rmSync(root)
    symlinkSync(name, root)
    await until(`the move to ${name} is noticed`, () => moves > i)
  }
  renameSync(plain, join(place, 'older'))
  await until('the link leads nowhere', () => moves > 2)
  assert.equal(others, 0)
})
