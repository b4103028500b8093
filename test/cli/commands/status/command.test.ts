import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFakeTransmission } from '../../../support/fake-transmission.js'
import { runBtkit } from '../../../support/run-btkit.js'

const seeded = { hashString: 'aa'.repeat(20), name: 'seeded.iso' }
const foreign = { hashString: 'cc'.repeat(20), name: 'foreign.iso', labels: [] }

/** The names of the torrents in a table, below the line of the client and the headings. */
function namesIn(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.split(' ')[0] ?? '')
}

void test('status alone shows the torrents of the client that the environment names', async (t) => {
  const url = await startFakeTransmission(t, [seeded, foreign])
  const result = await runBtkit(['status'], { env: { BTKIT_CLIENT: url } })
  assert.deepEqual([result.status, result.stderr], [0, ''])
  assert.deepEqual(namesIn(result.stdout), ['seeded.iso'])
})

void test('status alone, with no client in the environment, says so', async () => {
  const { status, stdout, stderr } = await runBtkit(['status'])
  const why = 'btkit: no client given (--client, or BTKIT_CLIENT)\n'
  assert.deepEqual([status, stdout, stderr], [2, '', why])
})
