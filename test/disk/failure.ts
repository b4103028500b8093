import assert from 'node:assert/strict'
import { loadNative } from '../../src/base/native-addon.js'
import { BtkitError } from '../../src/base/errors.js'
import type { ErrorCode } from '../../src/base/errors.js'

/** A check for assert.throws and assert.rejects: a BtkitError with just this code and message. */
export function failure(code: ErrorCode, message: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof BtkitError, String(error))
    assert.deepEqual({ code: error.code, message: error.message }, { code, message })
    return true
  }
}

/** For tests of what permissions forbid, which they don't for root, nor on Windows. */
export const unlessRoot = {
  skip:
    (process.getuid?.() === 0 && 'permissions do not stop root') ||
    (process.platform === 'win32' && 'no POSIX permissions here'),
}

/** For tests of what only root can set up. */
export const onlyRoot = { skip: process.getuid?.() !== 0 && 'only root gives files away' }

/** For tests of processes that wait for each other's locks. */
export const unlessLocked = {
  skip: !loadNative('tryLock') && 'without the addon, runs do not wait for each other',
}

/** For tests of what Windows lacks. */
export const unlessWindows = { skip: process.platform === 'win32' && 'not on Windows' }
