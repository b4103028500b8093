import assert from 'node:assert/strict'
import { TrackerRefusal } from '../../../src/tracker/protocol/refusal.js'

/** Asserts that `run` is refused with a status and message. */
export function assertRefusedBy(run: () => unknown, status: number, message: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof TrackerRefusal, String(error))
    assert.equal(error.message, message)
    assert.equal(error.status, status)
    return true
  })
}
