import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Mirror } from '../../support/mirror.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'

/** Files of btkit in a directory, and the command that removes them. */
const REMOVED: Readonly<
  Record<string, (directory: string, mirror: Mirror) => Promise<readonly [string, string[]]>>
> = {
  'the record of what is due': async (state, mirror) => {
    await mirror.run(['--quiet', '--on-change', 'exit 1'])
    const due = join(state, 'due')
    return [join(due, readdirSync(due)[0]!), mirror.args(['--quiet', '--on-change', 'true'])]
  },
  'a cache': async (cache, mirror) => {
    await mirror.report()
    return [join(cache, 'pieces.sqlite'), ['cache', 'clear', '--cache-dir', cache]]
  },
  'a damaged cache': async (cache, mirror) => {
    await mirror.report()
    const path = join(cache, 'pieces.sqlite.damaged')
    writeFileSync(path, '')
    return [path, ['cache', 'clear', '--cache-dir', cache]]
  },
}

/**
 * Ways in which a system keeps files: its reason, and a command to which the disk or file is added.
 */
const KEEPS = {
  'a read-only disk': { reason: 'read-only file system', keep: 'mount -o remount,ro' },
  'an attribute': { reason: 'operation not permitted', keep: 'chattr +i' },
} as const

for (const [file, prepare] of Object.entries(REMOVED)) {
  for (const [what, { reason, keep }] of Object.entries(KEEPS)) {
    test(`one line says that ${what} keeps ${file}`, unlessNoDisks, async (t: TestContext) => {
      const disk = mountSmallDisk(t, 64)!
      const mirror = new Mirror(t, { a: 'a' }, { cache: disk, state: disk })
      const [path, args] = await prepare(disk, mirror)
      const kept = keep === 'chattr +i' ? path : disk
      if (spawnSync(`${keep} '${kept}'`, { shell: true }).status !== 0) {
        t.skip(`no ${keep} here`)
        return
      }
      t.after(() => spawnSync('chattr', ['-i', path]))
      const { stderr } = assertStatus(await runBtkit(args), 1)
      // The disk may keep other records, too
      assert.equal(stderr.split('\n').at(-2), `btkit: ${path}: ${reason}`)
      assert.equal(existsSync(path), true)
    })
  }
}
