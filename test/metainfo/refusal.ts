import assert from 'node:assert/strict'
import { BtkitError, type ErrorCode } from '../../src/base/errors.js'

/** Asserts that `run` throws a BtkitError of that code and message. */
export function assertRefused(run: () => unknown, code: ErrorCode, message: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof BtkitError, String(error))
    assert.equal(error.message, message)
    assert.equal(error.code, code)
    return true
  })
}
