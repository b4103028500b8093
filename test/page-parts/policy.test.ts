import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LISTING_SCRIPT } from '../../src/mirror/pages/listing-page.js'
import { REFRESH_SCRIPT } from '../../src/mirror/pages/progress-page.js'
import { PAGE_SCRIPT } from '../../src/page-parts/page-script.js'
import { policyFor, USUAL_STYLE } from '../../src/page-parts/policy.js'

for (const [what, script, mayConnect] of [
  ['without a script', null, false],
  ['with the script of all pages', PAGE_SCRIPT, false],
  ['of files', LISTING_SCRIPT, false],
  ['that asks for the progress', REFRESH_SCRIPT, true],
] as const) {
  test(`a page ${what} may ${mayConnect ? 'ask this server' : 'send no requests'}`, () => {
    const connect = /connect-src [^;]*/.exec(policyFor(script, [USUAL_STYLE]))?.[0]
    assert.equal(connect, mayConnect ? "connect-src 'self'" : undefined)
  })
}
