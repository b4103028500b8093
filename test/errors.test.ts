import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BtkitError, osCodeOf } from '../src/errors.js'

test('a failed system call has a code, any other error has none', () => {
  assert.throws(
    () => readFileSync('/no/such/file'),
    (error) => osCodeOf(error) === 'ENOENT',
  )
  assert.throws(
    () => readFileSync(Symbol('not a path') as unknown as string),
    (error) => osCodeOf(error) === undefined,
  )
  assert.equal(osCodeOf(new BtkitError('io', 'x: y')), undefined)
  assert.equal(osCodeOf('ENOENT'), undefined)
})
