import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lutimesSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessInstalled } from '../support/peers.js'
import { makeScratch } from '../support/scratch.js'
import { projectRoot } from '../support/programs.js'

test('two archives of the same files have the same bytes', unlessInstalled('xz'), (t) => {
  const files = { 'bin/btkit': '1', 'lib/node': '2', 'lib/ä/b': '3', 'lib/B': '4', 'lib/a': '5' }
  const pack = (
    all: [string, string][],
    change: (path: string) => void,
    env: NodeJS.ProcessEnv,
  ) => {
    const planted = all.map(([path, text]) => [`btkit-1/${path}`, text] as const)
    const directory = makeScratch(t, Object.fromEntries(planted))
    const root = join(directory, 'btkit-1')
    for (const path of readdirSync(root, { recursive: true })) change(join(root, String(path)))
    const script = join(projectRoot, 'scripts/package/program.js')
    const words = [root, directory, ['bin', 'lib/node']].map((each) => JSON.stringify(each))
    const code = `import { archive } from ${JSON.stringify(script)}; archive(${words.join()})`
    const world = { PATH: process.env['PATH'], SOURCE_DATE_EPOCH: '1700000000', ...env }
    const args = ['--input-type=module', '--eval', code]
    execFileSync(process.execPath, args, { env: world, timeout: 60_000 })
    return readFileSync(`${root}.tar.xz`)
  }
  const here = pack(Object.entries(files), () => undefined, { TZ: 'UTC', LC_ALL: 'C' })
  const change = (path: string) => {
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600)
    lutimesSync(path, 1, 1)
    if (process.getuid?.() === 0) chownSync(path, 12345, 12345)
  }
  const elsewhere = { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' }
  assert.ok(pack(Object.entries(files).reverse(), change, elsewhere).equals(here))
})
