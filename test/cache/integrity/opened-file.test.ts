import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isTrusted, markPath, OpenedFile } from '../../../src/cache/integrity/opened-file.js'
import { CACHE_FILE, openCache } from '../../../src/cache/open.js'
import { collect, startExecutable } from '../../support/executable.js'
import { Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const { pid: PID_OF_DEAD } = spawnSync(process.execPath, ['--version'])

function makeFile(t: TestContext, content: Uint8Array | string = 'content'): string {
  return join(makeScratch(t, { file: content }), 'file')
}

function markOf(path: string): string {
  return existsSync(markPath(path)) ? readFileSync(markPath(path), 'utf8') : ''
}

/** Opens a file, and writes to it as a store does. */
function openAndWrite(path: string): OpenedFile {
  const opened = new OpenedFile(path, true)
  opened.beforeWrite()
  writeSync(openSync(path, 'r+'), 'C')
  return opened
}

/** Has a file look as processes leave it that died, each of which had it open. */
function dieWith(path: string, times = 1): void {
  for (let i = 0; i < times; i++) {
    new OpenedFile(path, isTrusted(path))
    writeFileSync(markPath(path), markOf(path).replace(` ${process.pid} `, ` ${PID_OF_DEAD} `))
  }
}

test('a file that was closed, or that is open, needs no check; one without a mark does', async (t) => {
  const path = makeFile(t)
  assert.equal(isTrusted(path), false)
  const opened = new OpenedFile(path, false)
  assert.equal(isTrusted(path), true)
  await opened.close(true)
  assert.equal(isTrusted(path), true)
})

for (const [what, length, at] of [
  ['a short file', 100_000, 54_321],
  ['the middle of a long file', 3_000_000, 1_234_567],
] as const) {
  test(`a wrong byte in ${what} is seen, though its time is as it was`, async (t) => {
    const path = makeFile(t, pseudoRandom(length))
    writeFileSync(`${path}-time`, '')
    spawnSync('touch', ['-r', path, `${path}-time`])
    await new OpenedFile(path, false).close(true)
    writeSync(openSync(path, 'r+'), Buffer.of(0x5a, 0xa5), 0, 2, at)
    spawnSync('touch', ['-r', `${path}-time`, path])
    assert.equal(isTrusted(path), false)
  })
}

test('a copy in place of a file needs a check', async (t) => {
  const path = makeFile(t)
  writeFileSync(`${path}-copy`, 'content')
  await new OpenedFile(path, false).close(true)
  spawnSync('touch', ['-r', path, `${path}-copy`])
  renameSync(`${path}-copy`, path)
  assert.equal(isTrusted(path), false)
})

test('a file that a killed process had open needs no check', (t) => {
  const path = makeFile(t)
  openAndWrite(path)
  dieWith(path)
  assert.equal(isTrusted(path), true)
})

test('a file that was open when the machine crashed needs a check, once', async (t) => {
  const path = makeFile(t)
  openAndWrite(path)
  writeFileSync(markPath(path), markOf(path).replace(/^open \S+/, 'open another-boot'))
  assert.equal(isTrusted(path), false)
  await new OpenedFile(path, false).close(true)
  assert.equal(isTrusted(path), true)
})

test('a file with which three processes died in a row needs a check, once', (t) => {
  const path = makeFile(t)
  dieWith(path, 2)
  assert.equal(isTrusted(path), true)
  dieWith(path)
  assert.equal(isTrusted(path), false)
  dieWith(path)
  assert.equal(isTrusted(path), true)
})

test('that others have it open is no death, and one that is closed ends the row', async (t) => {
  const path = makeFile(t)
  for (let i = 0; i < 9; i++) new OpenedFile(path, isTrusted(path))
  assert.equal(isTrusted(path), true)
  dieWith(path, 2)
  await new OpenedFile(path, isTrusted(path)).close(true)
  dieWith(path, 2)
  assert.equal(isTrusted(path), true)
})

test('a file that another process still writes to is marked as open again', async (t) => {
  const path = makeFile(t)
  const first = openAndWrite(path)
  const second = openAndWrite(path)
  await first.close(true)
  assert.match(markOf(path), /^closed /)
  second.beforeWrite()
  assert.match(markOf(path), /^open /)
  await second.close(true)
  assert.match(markOf(path), /^closed /)
})

test('a file whose store failed needs a check', async (t) => {
  const path = makeFile(t)
  await new OpenedFile(path, false).close(false)
  assert.equal(isTrusted(path), false)
})

test('who has a file open that was set aside does not vouch for the one in its place', async (t) => {
  const directory = makeScratch(t)
  const path = join(directory, CACHE_FILE)
  const cache = await openCache({ directory, now: Date.now, warn: assert.ifError })
  renameSync(path, `${path}.damaged`)
  rmSync(markPath(path))
  writeFileSync(path, 'not closed')
  await cache.close()
  assert.equal(markOf(path), '')
})

test('nor does who has one open that was removed, though the new one may get its number', async (t) => {
  const path = makeFile(t, 'old')
  for (let i = 0; i < 20; i++) {
    const opened = new OpenedFile(path, false)
    rmSync(path)
    rmSync(markPath(path))
    writeFileSync(path, 'not closed')
    await opened.close(true)
    assert.equal(markOf(path), '')
  }
})

test('a cache that a killed run had open is used at once, with all that it kept', async (t) => {
  const mirror = new Mirror(t, { a: pseudoRandom(100_000), 'b/c': 'c' })
  await mirror.report()
  const file = join(mirror.cache, CACHE_FILE)
  // One that waits, with the cache open, for what comes down a pipe
  const child = startExecutable('btkit', [
    'serve',
    mirror.source,
    '--tracker',
    'http://t.example/announce',
    '--port',
    '0',
    '--cache-dir',
    mirror.cache,
  ])
  child.stdout.once('data', () => child.kill('SIGKILL'))
  await collect(child)
  assert.match(markOf(file), /^open /)
  assert.equal(isTrusted(file), true)
  assert.equal((await mirror.report(['--comment', 'x'])).bytesHashed, 0)
  assert.match(markOf(file), /^closed /)
})
