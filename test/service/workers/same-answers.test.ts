import assert from 'node:assert/strict'
import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from 'node:http'
import { test } from 'node:test'
import { letFilesSettle } from '../../support/aged.js'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { ask, FORM, formOf, type Question } from '../ask.js'
import { digestAddress, SINGLE } from '../hostile/siege.js'
import { startTwo } from './two-workers.js'

const PATHS = ['/yum/a', '/yum/b c']
const FORM_OF_PATHS: Question = { method: 'POST', headers: FORM, body: formOf(PATHS) }

const REQUESTS: readonly (readonly [string, Question?])[] = [
  [`${SINGLE}/yum/a`],
  [`${SINGLE}/yum/a?hybrid`],
  [`${SINGLE}/yum/a`, { method: 'HEAD' }],
  [`${SINGLE}/yum/a`, { headers: { 'If-None-Match': '*' } }],
  [`${SINGLE}/yum/none`],
  [`${SINGLE}/yum/%ff`],
  [digestAddress(PATHS)],
  [digestAddress(PATHS), FORM_OF_PATHS],
  [digestAddress(PATHS)],
  [digestAddress(['/yum/a']), FORM_OF_PATHS],
  [digestAddress(PATHS), { method: 'POST', headers: FORM }],
  [digestAddress(PATHS), { ...FORM_OF_PATHS, headers: { 'Content-Type': 'text/plain' } }],
  ['/yum/torrent_service/nullfile/1000_0'],
  ['/yum/a'],
  ['/yum/a', { method: 'HEAD' }],
  ['/yum/a', { method: 'DELETE' }],
  ['/yum/a', { headers: { Range: 'bytes=1-3' } }],
  ['/yum/a', { headers: { Range: 'bytes=9-' } }],
  ['/yum/a', { headers: { 'If-Modified-Since': new Date(0).toUTCString() } }],
  ['/yum/b%20c'],
  ['/yum/empty'],
  ['/yum/%C3%A9.txt'],
  ['/yum/none'],
  ['/yum/../yum/a'],
  ['/.hidden'],
  ['/-/health'],
  ['/-/nothing'],
  ['/yum/a.torrent'],
  ['/yum/a?torrent&hybrid'],
  ['/yum/a?progress', { headers: { Accept: 'text/html' } }],
]

test('a worker answers as the service alone does', unlessProc, async (t) => {
  const files = { 'yum/a': 'content', 'yum/b c': 'other', 'yum/empty': '', 'yum/é.txt': 'été' }
  const root = makeScratch(t, { ...files, '.hidden': 'x' })
  await letFilesSettle()
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  for (const [path, question] of REQUESTS) {
    const asked = async (agent: Agent) => {
      const { status, headers, body } = await ask(port, path, { ...question, agent })
      const { date, ...others } = headers
      assert.ok(date)
      return { status, headers: others, body: body.toString('latin1') }
    }
    const [main, worker] = [await asked(viaMain), await asked(viaWorker)]
    assert.deepEqual(worker, main, `${question?.method ?? 'GET'} ${path}`)
    // What was answered before may be kept
    assert.deepEqual(await asked(viaWorker), main, `${path} again`)
  }
})

test('several ranges are sent whole', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': '0123456789' })
  const { port, viaWorker } = await startTwo(t, root)
  const headers = { Range: 'bytes=0-1,8-9' }
  const { status, body } = await ask(port, '/yum/a', { headers, agent: viaWorker })
  assert.equal(status, 206)
  assert.match(body.toString(), /\r\n\r\n01\r\n--[^]*\r\n\r\n89\r\n--/)
})

test('a worker sends the file that stands under the name at the time', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content', 'yum/b': 'another' })
  const { port, viaWorker } = await startTwo(t, root)
  const contentOf = async (path: string) => {
    const { status, body } = await ask(port, path, { agent: viaWorker })
    return [status, body.toString()]
  }
  assert.deepEqual(await contentOf('/yum/a'), [200, 'content'])
  renameSync(join(root, 'yum/b'), join(root, 'yum/a'))
  assert.deepEqual(await contentOf('/yum/a'), [200, 'another'])
  const outside = makeScratch(t, { secret: 'the secret of this machine' })
  renameSync(join(root, 'yum/a'), join(root, 'yum/b'))
  symlinkSync(join(outside, 'secret'), join(root, 'yum/a'))
  assert.equal((await contentOf('/yum/a'))[0], 404)
  writeFileSync(join(root, 'yum/b'), 'rewritten')
  assert.deepEqual(await contentOf('/yum/b'), [200, 'rewritten'])
})

test('nobody is handed a file by saying what only workers say', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'content' })
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  const headers = { 'X-Btkit-Client': '192.0.2.1', 'X-Btkit-File': 'x', 'X-Btkit-Whole': '1' }
  for (const agent of [viaMain, viaWorker]) {
    const answer = await ask(port, '/yum/a', { headers, agent })
    assert.deepEqual([answer.status, answer.body.toString()], [200, 'content'])
    assert.deepEqual(
      Object.keys(answer.headers).filter((name) => name.startsWith('x-btkit')),
      [],
    )
  }
})
