import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { adminPages } from '../../../src/tracker/admin/admin-pages.js'

type Parts = Parameters<typeof adminPages>[0]

test('each page about torrents is refused while a disk does not answer', async () => {
  const busy = new BtkitError('busy', '/srv: the disk does not answer; try again later')
  const forms = { makeFrom: ['/srv'], collection: {}, reachable: () => Promise.reject(busy) }
  const pagesWith = (some: unknown) => adminPages({ forms: some } as Parts)
  const others = new Set(pagesWith(null).map(({ path }) => path))
  const routes = pagesWith(forms).filter(({ path }) => !others.has(path))
  assert.ok(routes.length > 10, String(routes.length))
  for (const route of routes)
    await assert.rejects(async () => route.handle({} as never), busy, route.path)
})
