import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusReport } from '../../../src/service/status/report.js'
import { letFilesSettle } from '../../support/aged.js'
import { makeScratch } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { ask } from '../ask.js'
import { SINGLE } from '../hostile/siege.js'
import { startTwo, until } from './two-workers.js'

const HEADERS = { Host: 'x' }

test('what both gave is in the status of each', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'a', 'yum/b': 'b' })
  await letFilesSettle()
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  for (const agent of [viaMain, viaWorker]) {
    for (const path of ['/yum/a', '/yum/a', '/yum/b', '/yum/a']) {
      const { status } = await ask(port, `${SINGLE}${path}`, { agent, headers: HEADERS })
      assert.equal(status, 200)
    }
  }
  for (const agent of [viaMain, viaWorker]) {
    let busiest: (string | number)[][] = []
    await until(async () => {
      const { body } = await ask(port, '/-/status.json', { agent, headers: HEADERS })
      const report = JSON.parse(String(body)) as StatusReport
      busiest = report.busiest.torrents.map(({ title, requests }) => [title.name, requests])
      return busiest[0]?.[1] === 6
    })
    assert.deepEqual(busiest, [
      ['a', 6],
      ['b', 2],
    ])
  }
})

test('a browser follows the progress at either', unlessProc, async (t) => {
  const root = makeScratch(t, { 'yum/a': 'a' })
  await letFilesSettle()
  const { port, viaMain, viaWorker } = await startTwo(t, root)
  const headers = { Host: 'x', Accept: 'text/html' }
  for (const agent of [viaMain, viaWorker]) {
    for (let i = 0; i < 2; i++) {
      const torrent = await ask(port, `${SINGLE}/yum/a`, { agent, headers })
      assert.equal(torrent.headers['content-type'], 'application/x-bittorrent')
      const page = await ask(port, `${SINGLE}/yum/a?progress`, { agent, headers })
      assert.match(String(page.body), /The torrent is ready/)
    }
  }
})
