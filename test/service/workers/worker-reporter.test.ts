import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { RequestFigures } from '../../../src/service/web/request-figures.js'
import type { WorkerReport } from '../../../src/service/workers/messages.js'
import { WorkerReporter } from '../../../src/service/workers/worker-reporter.js'
import { ClientAddresses } from '../../../src/web/client-address.js'

const NOTED = { route: '/a', status: 200, bytes: 7, milliseconds: 2, isComplete: true }

function exchange(url = '/') {
  return { ...NOTED, request: { socket: new Socket(), headers: {}, method: 'GET', url } }
}

/** A reporter, and what it has told. */
function makeReporter() {
  const told: WorkerReport[] = []
  const reporter = new WorkerReporter({
    format: 'text',
    clientAddresses: new ClientAddresses([]),
    now: () => 0,
    connections: () => 3,
    tell: (report) => {
      told.push(report)
      return Promise.resolve()
    },
  })
  return { reporter, told }
}

test('each request is told of once', async () => {
  const { reporter, told } = makeReporter()
  reporter.note(exchange('/x'))
  for (const infoHash of ['aa', 'bb', 'aa']) reporter.noteKept(infoHash)
  await reporter.tell(1)
  await reporter.tell(2)
  const [first, second] = told
  assert.match(first?.lines ?? '', /^1970-01-01T00:00:00.000Z - "GET \/x" 200 7 2ms "-"\n$/)
  assert.deepEqual([first?.fromMemory, first?.connections, first?.lostLines], [3, 3, 0])
  assert.deepEqual(first?.kept, [
    ['aa', 2],
    ['bb', 1],
  ])
  assert.deepEqual([second?.lines, second?.fromMemory], ['', 0])
  const sum = new RequestFigures()
  for (const { requests } of told) sum.add(requests)
  assert.deepEqual(sum.counts(), [{ labels: { route: '/a', code: '200' }, value: 1 }])
})

test('it tells by itself soon', async () => {
  const { reporter, told } = makeReporter()
  const isTold = new Promise<void>((resolve) => {
    told.push = (report) => {
      told[0] = report
      resolve()
      return 1
    }
  })
  reporter.note(exchange())
  await isTold
  assert.equal(told[0]?.requests.bytes, 7)
})

test('lines that come while nobody hears of them are counted, not kept', async () => {
  const { reporter, told } = makeReporter()
  const long = `/${'x'.repeat(64 * 1024)}`
  for (let i = 0; i < 100; i++) reporter.note(exchange(long))
  await reporter.tell(1)
  const [{ lines, lostLines } = { lines: '', lostLines: 0 }] = told
  assert.ok(lines.length <= 4 * 2 ** 20)
  assert.ok(lostLines > 0)
  assert.equal(lines.split('\n').length - 1 + lostLines, 100)
})

test('figures of several processes add up', () => {
  const [own, other] = [new RequestFigures(), new RequestFigures()]
  own.note(exchange())
  other.note(exchange())
  other.note({ ...exchange(), status: 404, isComplete: false, milliseconds: 61_000 })
  own.add(other.take())
  own.add(other.take())
  assert.deepEqual([own.bytes, own.aborted], [21, 1])
  assert.deepEqual(
    own.counts().map(({ value }) => value),
    [2, 1],
  )
  const count = own.durations().find(({ suffix }) => suffix === '_count')
  assert.equal(count?.value, 3)
})
