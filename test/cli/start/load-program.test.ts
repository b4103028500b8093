import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Script } from 'node:vm'
import { readCodeCache, writeCodeCache } from '../../../src/cli/start/load-program.js'
import { projectRoot } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'
import { giveAway, unlessTwoUsers } from '../../support/unprivileged.js'

const SOURCE = stamped('(function (n) { return n + 1 })')

/** A script as scripts/bundle.js ends it. */
function stamped(script: string): Buffer {
  return Buffer.from(`${script}//${createHash('sha1').update(script).digest('hex')}`)
}

function keepCode(t: TestContext): string {
  const path = join(makeScratch(t, {}), 'code')
  writeCodeCache(path, SOURCE, new Script(SOURCE.toString()))
  return path
}

test('compiled code of another source of the same length is rejected', (t) => {
  const other = stamped('(function (n) { return n + 2 })')
  assert.equal(readCodeCache(keepCode(t), other), undefined)
})

test('compiled code of another processor is rejected: a home may be on the disk of two machines', (t) => {
  const path = keepCode(t)
  const { arch } = process
  Object.defineProperty(process, 'arch', { value: 'other' })
  t.after(() => Object.defineProperty(process, 'arch', { value: arch }))
  assert.equal(readCodeCache(path, SOURCE), undefined)
})

test('compiled code with any changed byte is rejected', (t) => {
  const path = keepCode(t)
  const whole = readFileSync(path)
  for (const at of whole.keys()) {
    const damaged = Buffer.from(whole)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
    writeFileSync(path, damaged)
    assert.equal(readCodeCache(path, SOURCE), undefined, `byte ${at}`)
  }
})

test('truncated, empty or missing compiled code is rejected', (t) => {
  const path = keepCode(t)
  const whole = readFileSync(path)
  for (const length of [whole.length - 1, 21, 20, 19, 0]) {
    writeFileSync(path, whole.subarray(0, length))
    assert.equal(readCodeCache(path, SOURCE), undefined, `${length} bytes`)
  }
  rmSync(path)
  assert.equal(readCodeCache(path, SOURCE), undefined)
})

test('compiled code that others may have written is rejected', unlessTwoUsers, (t) => {
  const path = keepCode(t)
  for (const mode of [0o664, 0o646]) {
    chmodSync(path, mode)
    assert.equal(readCodeCache(path, SOURCE), undefined)
  }
  chmodSync(path, 0o644)
  assert.ok(readCodeCache(path, SOURCE))
  giveAway(path)
  assert.equal(readCodeCache(path, SOURCE), undefined)
  // Whoever owns the program may have it run anything
  giveAway(dirname(path))
  assert.ok(readCodeCache(path, SOURCE))
})

test('a pipe in place of compiled code holds up nothing', (t) => {
  const path = join(makeScratch(t, {}), 'code')
  assert.equal(spawnSync('mkfifo', [path]).status, 0)
  assert.equal(readCodeCache(path, SOURCE), undefined)
})

test('the next run of a command accepts the code that one kept, also for a configuration', (t) => {
  // A long one is read under other flags of V8
  const long = `# ${'a comment '.repeat(2000)}\ndefaults: {cache-trust: mtime}`
  const root = makeScratch(t, { 'config.yaml': long })
  for (const part of ['bin', 'dist/bundle', 'package.json'])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  const kept = ['lint', 'main', 'yaml'].map((name) => {
    return join(root, 'dist/bundle', `${name}.cache`)
  })
  for (const path of kept) rmSync(path, { force: true })
  const run = () => {
    // A command on files, and one of the program of all commands
    for (const args of [
      ['lint', root],
      ['cache', 'stats'],
    ]) {
      const own = { BTKIT_CONFIG: join(root, 'config.yaml'), BTKIT_CACHE_DIR: join(root, 'cache') }
      const env = { ...process.env, ...own }
      spawnSync(process.execPath, [join(root, 'bin/btkit.js'), ...args], { env })
    }
    return kept.map((path) => statSync(path).ino)
  }
  // Code that V8 refuses is kept anew, in a new file
  assert.deepEqual(run(), run())
})
