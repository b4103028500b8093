import assert from 'node:assert/strict'
import { Refusal, type RefusalCode } from '../../src/server/headers/refusal.js'

/** A check for assert.throws and assert.rejects: a refusal with this code. */
export function refused(code: RefusalCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}
