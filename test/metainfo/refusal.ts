import assert from 'node:assert/strict'
import type { ErrorCode } from '../../src/base/errors.js'
import { failure } from '../disk/failure.js'

export function assertRefused(run: () => unknown, code: ErrorCode, message: string): void {
  assert.throws(run, failure(code, message))
}
