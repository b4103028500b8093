import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSameDevice, isSameFile, keptFingerprint } from '../../src/core/digests/cache-trust.js'
import { DeviceStamps } from '../../src/files/device-stamp.js'
import { encodeFingerprint, type Fingerprint } from '../../src/files/fingerprint.js'
import { makeScratch } from '../support/scratch.js'

/** Numbers as stat(2) tells them: of 8:1, of 8:17 and of 253:300 (which takes high bits), and of none. */
const [SDA1, SDB1, MAPPED, NO_DEVICE] = [0x801n, 0x811n, 0x10fd2cn, 0x35n]

const [ONE, OTHER] = [
  '6c9a6b54-0a3c-4a3b-9a52-0d6a2f1a8f01',
  '6c9a6b54-0a3c-4a3b-9a52-0d6a2f1a8f02',
]

const FILE: Fingerprint = { size: 5, mtimeNs: 7n, ctimeNs: 8n, inode: 12n, device: SDA1 }

function stampsOf(udevData: string) {
  return new DeviceStamps({ udevData, subvolumes: () => new Map() })
}

function dataOf(uuid: string): string {
  return `S:disk/by-uuid/${uuid}\nI:123\nE:ID_FS_UUID=${uuid}\nE:ID_FS_UUID_ENC=${uuid}\nG:systemd\n`
}

test('a file system has one stamp under whatever number its device has', (t) => {
  const before = stampsOf(makeScratch(t, { 'b8:1': dataOf(ONE), 'b8:17': dataOf(OTHER) }))
  const after = stampsOf(makeScratch(t, { 'b8:17': dataOf(ONE), 'b253:300': dataOf(OTHER) }))
  assert.equal(before.of(SDA1), after.of(SDB1))
  assert.equal(before.of(SDB1), after.of(MAPPED))
  assert.notEqual(before.of(SDA1), before.of(SDB1))
})

test('a subvolume has one stamp at every mount', () => {
  const [before, after] = [
    [0x28n, 0x29n],
    [0x29n, 0x2an],
  ].map(([one = 0n, other = 0n]) => {
    const ids = new Map([one, other].map((device, i) => [device, BigInt(i + 1)] as const))
    return new DeviceStamps({ udevData: '/nowhere', subvolumes: () => ids })
  })
  assert.ok(before && after)
  assert.equal(before.of(0x28n), after.of(0x29n))
  assert.equal(before.of(0x29n), after.of(0x2an))
  assert.notEqual(before.of(0x28n), before.of(0x29n))
  assert.equal(before.of(NO_DEVICE), NO_DEVICE)
})

test('without a UUID a device has its number', (t) => {
  const files = { 'b8:1': 'I:1\n', 'b8:17': 'E:ID_FS_UUID=ABCD-1234\n', 'b0:53': dataOf(ONE) }
  const stamps = stampsOf(makeScratch(t, files))
  for (const device of [SDA1, SDB1, MAPPED, NO_DEVICE]) assert.equal(stamps.of(device), device)
  assert.equal(stampsOf('/nowhere').of(SDA1), SDA1)
})

test('what is kept of a file holds when its device comes back under another number', (t) => {
  const before = stampsOf(makeScratch(t, { 'b8:1': dataOf(ONE) }))
  const after = stampsOf(makeScratch(t, { 'b8:17': dataOf(ONE), 'b8:1': dataOf(OTHER) }))
  const kept = keptFingerprint(FILE, before)
  const onDevice = (device: bigint) => encodeFingerprint({ ...FILE, device })
  assert.ok(isSameDevice(kept, onDevice(SDA1), before))
  assert.ok(isSameDevice(kept, onDevice(SDB1), after))
  assert.ok(!isSameDevice(kept, onDevice(SDA1), after), 'another file system has the number now')
  assert.ok(!isSameFile(kept, onDevice(MAPPED), 'full'))
  assert.ok(isSameFile(kept, onDevice(MAPPED), 'mtime'))
})

test('what was kept under a number holds as long as that is the same', (t) => {
  const directory = makeScratch(t, { 'b8:1': dataOf(ONE) })
  const kept = encodeFingerprint(FILE)
  assert.ok(isSameDevice(kept, encodeFingerprint(FILE), stampsOf(directory)))
  rmSync(join(directory, 'b8:1'))
  const stamped = keptFingerprint(FILE, stampsOf(directory))
  assert.deepEqual(stamped, kept)
})
