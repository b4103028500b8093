import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { NOW, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

function makePlace(t: TestContext) {
  const directory = makeScratch(t, { 'd/a': 'a', 'd/b': 'bb' })
  const [files, path] = [join(directory, 'd'), join(directory, 'btkit.prom')]
  const run = (args: readonly string[] = [], now = NOW) => {
    const all = ['completedir', TRACKER, files, '--metrics-file', path, '--quiet', ...args]
    return runBtkit(all, { now: () => now * 1000 })
  }
  return { directory, files, path, run, metrics: () => parse(readFileSync(path, 'utf8')) }
}

/** Reads the text format of Prometheus, and refuses everything that is not in its specification. */
function parse(text: string): Record<string, number> {
  const values: Record<string, number> = {}
  let name = ''
  assert.match(text, /\n$/)
  for (const line of text.slice(0, -1).split('\n')) {
    const head = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line)
    if (head) {
      if (head[1] === 'HELP') assert.notEqual(name, (name = head[2]!), 'each metric stands once')
      else assert.deepEqual([head[2], head[3]], [name, 'gauge'])
      continue
    }
    const sample = /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} ([0-9.e+-]+)$/.exec(
      line,
    )
    assert.ok(sample, line)
    assert.equal(sample[1], name)
    const outcome = /outcome="(\w+)"/.exec(sample[2]!)?.[1]
    const key = [name.replace('btkit_completedir_', ''), outcome ?? []].flat().join(' ')
    assert.ok(!(key in values) && /target="/.test(sample[2]!), line)
    values[key] = Number(sample[3])
  }
  return values
}

test('a run writes its outcomes, and the next one replaces them', async (t) => {
  const { run, metrics, path, files } = makePlace(t)
  assert.equal((await run()).status, 0)
  const { duration_seconds, ...first } = metrics()
  assert.equal(typeof duration_seconds, 'number')
  assert.deepEqual(first, {
    'entries created': 2,
    'entries updated': 0,
    'entries adopted': 0,
    'entries removed': 0,
    'entries unchanged': 0,
    'entries skipped': 0,
    'entries failed': 0,
    hashed_bytes: 3,
    success: 1,
    last_run_timestamp_seconds: NOW,
    last_success_timestamp_seconds: NOW,
  })
  assert.ok(readFileSync(path, 'utf8').includes(`target="${files}"`))
  await run([], NOW + 60)
  const again = metrics()
  assert.deepEqual([again['entries created'], again['entries unchanged']], [0, 2])
  assert.equal(again['last_success_timestamp_seconds'], NOW + 60)
})

test('after a failure the last success stays', async (t) => {
  const { run, metrics, files } = makePlace(t)
  await run()
  rmSync(files, { recursive: true })
  assertStatus(await run([], NOW + 60), 1)
  const { success, last_success_timestamp_seconds, last_run_timestamp_seconds } = metrics()
  assert.deepEqual(
    [success, last_success_timestamp_seconds, last_run_timestamp_seconds],
    [0, NOW, NOW + 60],
  )
})

test('a run that never succeeded has no time of success', async (t) => {
  const { run, metrics, files } = makePlace(t)
  rmSync(files, { recursive: true })
  await run()
  assert.equal('last_success_timestamp_seconds' in metrics(), false)
  assert.equal(metrics()['success'], 0)
})

test('options that contradict each other are a failure, too', async (t) => {
  const { run, metrics } = makePlace(t)
  assert.equal((await run(['--adopt', '--force'])).status, 2)
  assert.equal(metrics()['success'], 0)
})

test('names of directories are escaped as the format wants', async (t) => {
  const odd = 'a"b\\c\td'
  const directory = makeScratch(t, { [`${odd}/a`]: 'a' })
  const path = join(directory, 'm.prom')
  await runBtkit(['completedir', join(directory, odd), '--metrics-file', path, '--quiet'])
  const text = readFileSync(path, 'utf8')
  assert.equal(parse(text)['success'], 1)
  assert.ok(text.includes('/a\\"b\\\\c\td"'))
})

test('a dry run writes none', async (t) => {
  const { run, path } = makePlace(t)
  await run(['--dry-run'])
  assert.equal(existsSync(path), false)
})

test('a file of something else is kept, and nothing is done', async (t) => {
  const { run, path, files } = makePlace(t)
  writeFileSync(path, 'precious')
  const { status, stderr } = await run()
  assert.deepEqual([status, readdirSync(files)], [1, ['a', 'b']])
  assert.match(
    stderr,
    /^btkit: --metrics-file: .*btkit\.prom: is not a file of metrics; name another\n$/,
  )
  assert.equal(readFileSync(path, 'utf8'), 'precious')
})

test('a pipe gets the metrics, and is not waited for', async (t) => {
  const { run, path } = makePlace(t)
  spawnSync('mkfifo', [path])
  // Opened for both, it has a reader from now on
  const pipe = openSync(path, 'r+')
  t.after(() => {
    closeSync(pipe)
  })
  assert.equal((await run()).status, 0)
  const read = Buffer.alloc(64 * 1024)
  assert.equal(parse(read.toString('utf8', 0, readSync(pipe, read)))['success'], 1)
})
