import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A test or suite that can clean up. */
interface Scope {
  readonly after: (act: () => void) => void
}

/** A disk of so many MiB, or such as `64k`, until the test ends; null where none can be mounted. */
export function mountSmallDisk(t: Scope, size: number | string): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'btkit-test-'))
  const args = [
    '-t',
    'tmpfs',
    '-o',
    `size=${typeof size === 'string' ? size : `${size}m`},mode=0755`,
    'none',
    directory,
  ]
  const { status } = spawnSync('mount', args, { stdio: 'ignore' })
  t.after(() => {
    if (status === 0) spawnSync('umount', ['-l', directory])
    rmdirSync(directory)
  })
  return status === 0 ? directory : null
}

/** For tests that need such a disk. */
export const unlessNoDisks = { skip: findReason() }

function findReason(): string | false {
  const cleanups: (() => void)[] = []
  const disk = mountSmallDisk({ after: (act) => cleanups.push(act) }, 1)
  for (const cleanUp of cleanups) cleanUp()
  return disk === null && 'no disk can be mounted here'
}

/** Fills a disk to its last block with one file, whose path is returned. */
export function fillDisk(directory: string): string {
  const path = join(directory, 'filler')
  const file = openSync(path, 'w')
  for (let length = 65_536; length >= 1;) {
    try {
      writeSync(file, Buffer.alloc(length, 1))
    } catch {
      length = Math.floor(length / 2)
    }
  }
  closeSync(file)
  return path
}
