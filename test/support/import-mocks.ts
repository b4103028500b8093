import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/** Lets imports of Node's own modules see the mocks that a test has made so far, until it ends. */
export function importMocks(t: TestContext): void {
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
}
