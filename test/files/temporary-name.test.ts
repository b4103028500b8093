import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isDead, isTemporaryName, makeTemporaryName } from '../../src/files/temporary-name.js'

test('a temporary name is hidden, recognised, tells its target and is new every time', () => {
  const name = makeTemporaryName('debian.iso.torrent')
  assert.match(name, /^\.debian\.iso\.torrent\.[0-9a-f]{8}-[0-9a-f]+-[0-9a-f]{8}\.btkit-tmp$/)
  assert.ok(isTemporaryName(name))
  assert.notEqual(makeTemporaryName('debian.iso.torrent'), name)
})

test('a temporary name fits in a directory even if that of its target just does', () => {
  for (const long of ['x'.repeat(255), 'é'.repeat(127), '\u{1F600}'.repeat(63)]) {
    const name = makeTemporaryName(long)
    assert.ok(Buffer.byteLength(name) <= 143, `${Buffer.byteLength(name)} bytes`)
    assert.ok(Buffer.byteLength(name) > 138, 'not cut shorter than need be')
    assert.ok(!name.includes('\uFFFD') && isTemporaryName(name))
    assert.equal(Buffer.from(name).toString(), name, 'no half of a character')
  }
})

test('a name with a line break is recognised, names of others are not', () => {
  assert.ok(isTemporaryName(makeTemporaryName('a\nb')))
  for (const name of ['.btkit-tmp', 'a.0123456789ab.btkit-tmp', '.a.xyz.btkit-tmp', '.a.swp']) {
    assert.ok(!isTemporaryName(name), name)
  }
})

test('a name of this process is not dead, one of a process that ended is', () => {
  const own = makeTemporaryName('x')
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  const ended = own.replace(`-${process.pid.toString(16)}-`, `-${pid.toString(16)}-`)
  assert.ok(isTemporaryName(ended))
  assert.deepEqual([isDead(own), isDead(ended)], [false, true])
})

test('a process of another machine is not known to have ended', () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  assert.equal(isDead(`.x.00000000-${pid.toString(16)}-00000000.btkit-tmp`), false)
})
