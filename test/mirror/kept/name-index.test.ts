import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

test('of some thousand names, a search finds each in its directory', async (t) => {
  const paths = Array.from({ length: 2500 }, (_, n) => `d${n % 3}/file-${n}.iso`)
  const files = Object.fromEntries(paths.map((path) => [path, '']))
  const { port } = await serveMirror(t, { files })
  for (const n of [0, 1, 1023, 1024, 1025, 2499]) {
    const headers = { Accept: 'application/json' }
    const { body } = await ask(port, `/-/search?q=file-${n}.iso`, { headers })
    const { entries } = JSON.parse(body.toString()) as { entries: { path: string }[] }
    assert.deepEqual(
      entries.map(({ path }) => path),
      [`/${paths[n]}`],
    )
  }
})
