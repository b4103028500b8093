import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startAdmin } from '../../support/admin.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'

const HASH = '01'.repeat(20)

const TOLD =
  /clients of the proxy at 127\.0\.0\.1 look like one client; they need X-Forwarded-For from it, and --trust-proxy 127\.0\.0\.1/g

interface Behind {
  readonly ask: (headers: Record<string, string>) => Promise<unknown>
  readonly stderr: () => string
}

/** Each service, with a request that a proxy passes on. */
const SERVICES: Record<string, (t: TestContext, args: readonly string[]) => Promise<Behind>> = {
  'an announce of track': async (t, args) => {
    const track = await startTrack(t, { args: [...args] })
    const query = announceQuery(HASH, { peer: 'a', port: 25 })
    return { ask: (headers) => track.ask(query, { headers }), stderr: () => track.stderr.text }
  },
  'a page of track': async (t, args) => {
    const track = await startTrack(t, { args: [...args] })
    const ask = (headers: Record<string, string>) => fetch(`${track.address}/`, { headers })
    return { ask, stderr: () => track.stderr.text }
  },
  'a page of the administration': async (t, args) => {
    const { tracker } = await startAdmin(t, { args: [...args] })
    const [, pages = ''] =
      /(http:\S+)\/?$/m.exec(/^admin.*$/m.exec(tracker.stdout.text)?.[0] ?? '') ?? []
    const ask = (headers: Record<string, string>) => fetch(pages, { headers })
    return { ask, stderr: () => tracker.stderr.text }
  },
  'a file of serve': async (t, args) => {
    const served = await serveMirror(t, { files: { a: 'a' }, args: [...args] })
    const ask = (headers: Record<string, string>) => fetch(`${served.address}/a`, { headers })
    return { ask, stderr: () => served.stderr.text }
  },
}

for (const [what, start] of Object.entries(SERVICES)) {
  for (const name of ['X-Forwarded-For', 'Forwarded']) {
    test(`${what} with ${name} of a proxy that is not trusted is told once`, async (t) => {
      const { ask, stderr } = await start(t, [])
      await ask({})
      assert.doesNotMatch(stderr(), TOLD)
      for (const client of ['203.0.113.7', '198.51.100.4'])
        await ask({ [name]: name === 'Forwarded' ? `for=${client}` : client, Connection: 'close' })
      await until('it is told', () => TOLD.test(stderr()))
      assert.equal(stderr().match(TOLD)?.length, 1, stderr())
    })
  }

  test(`${what} by a trusted proxy causes no warning`, async (t) => {
    const { ask, stderr } = await start(t, ['--trust-proxy', '127.0.0.1'])
    await ask({ 'X-Forwarded-For': '203.0.113.7' })
    assert.equal(stderr().match(TOLD), null, stderr())
  })
}
