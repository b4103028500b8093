import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeWorkplace, TRACKER } from './make.js'

const MISSING = `btkit: warning: ${TRACKER}: not in the announce list, so clients will not use it\n`

for (const [list, warning] of [
  ['udp://b.example:80', MISSING],
  [`udp://b.example:80|${TRACKER}x`, MISSING],
  [TRACKER, ''],
  [`udp://b.example:80|ws://c.example,${TRACKER}`, ''],
] as const) {
  test(`a list of ${list} ${warning === '' ? 'has' : 'lacks'} the tracker`, async (t) => {
    const { make } = makeWorkplace(t)
    const { status, stderr } = await make(['--announce-list', list])
    assert.deepEqual([status, stderr], [0, warning])
  })
}

test('without a list there is no warning', async (t) => {
  assert.equal((await makeWorkplace(t).make([])).stderr, '')
})

for (const [rate, warning] of [
  ['50', 'btkit: warning: --max-rate: only 50 bytes per second; write 20M for 20 MiB per second\n'],
  [
    '65535',
    'btkit: warning: --max-rate: only 65535 bytes per second; write 20M for 20 MiB per second\n',
  ],
  ['64K', ''],
] as const) {
  test(`a rate of ${rate} is ${warning === '' ? '' : 'probably not '}meant`, async (t) => {
    const { make } = makeWorkplace(t)
    assert.equal((await make(['--max-rate', rate, '--dry-run'])).stderr, warning)
    assert.equal((await make(['--max-rate', rate, '--dry-run', '--quiet'])).stderr, '')
  })
}
