import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mountedSubvolumes } from '../../src/files/device-stamp.js'
import { nativeStat } from '../../src/files/stat-files.js'
import { makeScratch } from '../support/scratch.js'

interface Scope {
  readonly after: (act: () => void) => void
}

const MOUNTS = [
  '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw',
  '45 27 0:39 / /srv rw,relatime shared:2 - btrfs /dev/sdb rw,subvolid=5,subvol=/',
  '46 27 0:40 /sub /srv/a\\040b\\134c rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/sub',
  '47 27 0:41 / /pool/data rw shared:3 master:1 - zfs pool/data rw,xattr',
  '48 27 0:42 / /mnt/btrfs rw - nfs4 host:/btrfs rw',
  '',
].join('\n')

test('mounts of Btrfs and ZFS are asked for what they are known by, and no others', (t) => {
  const asked: string[] = []
  const ids = mountedSubvolumes(join(makeScratch(t, { mounts: MOUNTS }), 'mounts'), (place) => {
    asked.push(place)
    return place === '/srv' ? null : [BigInt(asked.length), 7n]
  })
  assert.deepEqual(asked, ['/srv', '/srv/a b\\c', '/pool/data'])
  assert.deepEqual([...ids.keys()], [2n, 3n])
})

test('without a table of mounts there are none', () => {
  assert.equal(mountedSubvolumes('/nowhere/at/all', () => [1n, 1n]).size, 0)
})

const withBtrfs = { skip: nativeStat === null ? 'the addon is not built' : whyNoBtrfs() }

test('a subvolume of Btrfs is known by the same under another number', withBtrfs, (t) => {
  const { image, place, others } = makeBtrfs(t)
  run('mount', '-o', 'loop', image, place)
  const [before, number] = [mountedSubvolumes(), deviceOf(place)]
  run('umount', place)
  // They take the free numbers, of which other tests may have left some
  for (const other of others) run('mount', '-t', 'tmpfs', 'none', other)
  run('mount', '-o', 'loop', image, place)
  assert.notEqual(deviceOf(place), number)
  assert.notEqual(before.get(number), undefined)
  assert.equal(mountedSubvolumes().get(deviceOf(place)), before.get(number))
})

function deviceOf(path: string): bigint {
  return statSync(path, { bigint: true }).dev
}

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0
}

/** An image with an empty file system, and directories for mounts, which are taken away. */
function makeBtrfs(t: Scope) {
  const mounted: string[] = []
  t.after(() => {
    for (const path of mounted) run('umount', '-l', path)
  })
  const directory = makeScratch(t, {})
  const [image, place] = [join(directory, 'image'), join(directory, 'place')]
  const others = Array.from({ length: 20 }, (_, i) => join(directory, `other-${i}`))
  mounted.push(place, ...others)
  for (const path of mounted) mkdirSync(path)
  writeFileSync(image, '')
  truncateSync(image, 128 * 2 ** 20)
  run('mkfs.btrfs', '-q', image)
  return { image, place, others }
}

function whyNoBtrfs(): string | false {
  const cleanups: (() => void)[] = []
  const { image, place } = makeBtrfs({ after: (act) => cleanups.push(act) })
  const isMounted = run('mount', '-o', 'loop', image, place)
  for (const cleanUp of cleanups) cleanUp()
  return !isMounted && 'no Btrfs can be made and mounted here'
}
