import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { AddressRules } from '../../../src/tracker/allowed/address-rules.js'
import { makeScratch } from '../../support/scratch.js'

function failOn(message: string): never {
  throw new Error(message)
}

test('only addresses in the allowed file may ask, except banned ones', async (t) => {
  const directory = makeScratch(t, {
    allowed: '# our networks\n10.0.0.0/8\n\n2001:db8::/32\n',
    banned: 'bad:10.6.6.6-10.6.6.7\n',
  })
  const rules = new AddressRules(join(directory, 'allowed'), join(directory, 'banned'), failOn)
  await rules.refresh()
  assert.deepEqual(
    ['10.0.0.1', '10.6.6.6', '11.0.0.1', '2001:db8::1', null].map((a) => rules.permits(a)),
    [true, false, false, true, false],
  )
})

/** The rules of a file of banned addresses, and what they report. */
async function banning(t: TestContext, banned: string) {
  const bannedFile = join(makeScratch(t, { banned }), 'banned')
  const told: string[] = []
  const rules = new AddressRules(null, bannedFile, (message) => told.push(message))
  await rules.refresh()
  return { rules, told, bannedFile }
}

test('a changed file is used after the next refresh; one that is gone stays in use', async (t) => {
  const { rules, told, bannedFile } = await banning(t, '1.1.1.1\n')
  const banned = () => ['1.1.1.1', '2.2.2.2', '3.3.3.3'].filter((each) => !rules.permits(each))
  for (const address of ['2.2.2.2', '3.3.3.3']) {
    writeFileSync(bannedFile, `${address}\n`)
    assert.deepEqual([await rules.refresh(), await rules.refresh()], [true, false])
    assert.deepEqual(banned(), [address])
    rmSync(bannedFile)
    for (let again = 0; again < 2; again++) assert.equal(await rules.refresh(), false)
    assert.deepEqual(banned(), [address])
  }
  const gone = `${bannedFile}: no such file or directory; its last content stays in use`
  assert.deepEqual(told, [gone, gone])
})

test('an invalid line is reported by its number, and the others are used', async (t) => {
  const { rules, told, bannedFile } = await banning(t, '1.1.1.1\nnonsense\u001b[2J\n')
  assert.deepEqual(told, [
    `${bannedFile}: line 2: "nonsense\\x1b[2J" is not an address or range of addresses; line ignored`,
  ])
  assert.equal(rules.permits('1.1.1.1'), false)
})

test('a file that was never readable is an error that names it', async (t) => {
  const bannedFile = join(makeScratch(t), 'nowhere')
  const rules = new AddressRules(null, bannedFile, failOn)
  await assert.rejects(rules.refresh(), { message: `${bannedFile}: no such file or directory` })
})
