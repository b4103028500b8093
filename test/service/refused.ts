import assert from 'node:assert/strict'
import { Refusal } from '../../src/service/refusal.js'

/** A check for assert.throws and assert.rejects: what a client is told with this status. */
export function refused(statusCode: number, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.statusCode, statusCode, error.message)
    assert.match(error.message, message)
    return true
  }
}
