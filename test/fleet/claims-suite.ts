import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { Claims } from '../../src/fleet/claims.js'
import { until } from '../support/until.js'

/** A place where several owners claim. */
export interface ClaimPlace {
  /** Another owner: a process, or a machine. */
  readonly open: () => Claims
  /** A module's text that opens an owner as `claims`, in another process. */
  readonly module: string
}

/** Tests what all claims promise. `place` makes a place that no other test uses. */
export function testClaims(
  place: (t: TestContext) => ClaimPlace,
  skip: string | false = false,
): void {
  test('one owner has a claim, and the next when it is released', { skip }, async (t) => {
    const { open } = place(t)
    const [one, other] = [open(), open()]
    assert.equal(await one.claim(['a']), 'held')
    assert.equal(await other.claim(['a']), 'wait')
    assert.equal(await other.claim(['b']), 'held')
    await one.release(['a'])
    assert.equal(await other.claim(['a']), 'held')
    assert.equal(await one.claim(['a']), 'wait')
  })

  test('all names are claimed, or none', { skip }, async (t) => {
    const { open } = place(t)
    const [one, other] = [open(), open()]
    await one.claim(['b'])
    assert.equal(await other.claim(['a', 'b', 'c']), 'wait')
    assert.equal(await one.claim(['a', 'c']), 'held')
  })

  test('an owner that claims twice must release twice', { skip }, async (t) => {
    const { open } = place(t)
    const [one, other] = [open(), open()]
    await one.claim(['a'])
    assert.equal(await one.claim(['a', 'b']), 'held')
    await one.release(['a'])
    assert.equal(await other.claim(['a']), 'wait')
    await one.release(['a', 'b'])
    assert.equal(await other.claim(['a', 'b']), 'held')
  })

  test('what is not held cannot be released', { skip }, async (t) => {
    const { open } = place(t)
    const [one, other] = [open(), open()]
    await one.claim(['a'])
    await other.release(['a'])
    assert.equal(await other.claim(['a']), 'wait')
  })

  test('an owner that is closed holds nothing', { skip }, async (t) => {
    const { open } = place(t)
    const [one, other] = [open(), open()]
    await one.claim(['a', 'b'])
    await one.close()
    assert.equal(await other.claim(['a', 'b']), 'held')
  })

  test('the claims of a process that is killed pass to others', { skip }, async (t) => {
    const { open, module } = place(t)
    const text = `${module}; console.log(await claims.claim(['a'])); setInterval(() => 0, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    assert.equal(said.toString(), 'held\n')
    const other = open()
    assert.equal(await other.claim(['a']), 'wait')
    child.kill('SIGKILL')
    await until('the claim is free', async () => (await other.claim(['a'])) === 'held')
  })
}
