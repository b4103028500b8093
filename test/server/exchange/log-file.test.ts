import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { LogFile } from '../../../src/server/exchange/log-file.js'
import { runBtkit } from '../../support/run-btkit.js'
import { runProgram } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import { startServe } from '../../mirror/hostile/process.js'

async function openLog(t: TestContext) {
  const path = join(makeScratch(t), 'access.log')
  const reports: string[] = []
  const log = await LogFile.open({ path, report: (message) => reports.push(message) })
  return { path, log, reports, text: () => readFileSync(path, 'utf8') }
}

test('lines are appended to existing ones', async (t) => {
  const { path, log, text } = await openLog(t)
  log.write('a\n')
  log.write('b\n')
  await log.close()
  const again = await LogFile.open({ path, report: assert.ifError })
  again.write('c\n')
  await again.close()
  assert.equal(text(), 'a\nb\nc\n')
  assert.equal(statSync(path).mode & 0o007, 0, 'nothing for others')
})

test('after a rename and a reopening, lines go to a new file of the old name', async (t) => {
  const { path, log, text } = await openLog(t)
  log.write('a\n')
  await log.reopen()
  renameSync(path, `${path}.1`)
  await log.reopen()
  log.write('b\n')
  await log.close()
  assert.deepEqual([readFileSync(`${path}.1`, 'utf8'), text()], ['a\n', 'b\n'])
})

test('a rename alone is enough', async (t) => {
  const { path, log, text } = await openLog(t)
  log.write('a\n')
  await log.reopen()
  renameSync(path, `${path}.1`)
  log.write('b\n')
  await log.close()
  assert.deepEqual([readFileSync(`${path}.1`, 'utf8'), text()], ['a\n', 'b\n'])
})

test('if the name cannot be opened, lines stay in the open file, with one warning', async (t) => {
  const { path, log, reports, text } = await openLog(t)
  renameSync(dirname(path), `${dirname(path)}-away`)
  t.after(() => {
    rmSync(`${dirname(path)}-away`, { recursive: true })
  })
  for (const line of ['a\n', 'b\n']) {
    log.write(line)
    await log.reopen()
  }
  assert.equal(reports.length, 1, reports.join())
  assert.match(reports[0] ?? '', new RegExp(`^${path}: no such file or directory`))
  assert.equal(readFileSync(`${dirname(path)}-away/access.log`, 'utf8'), 'a\nb\n')
  mkdirSync(dirname(path))
  log.write('c\n')
  await log.close()
  assert.equal(text(), 'c\n')
})

test('lines that come faster than they can be written are dropped', async (t) => {
  const { log, reports, text } = await openLog(t)
  const lines = `${'x'.repeat(65_535)}\n`
  for (let i = 0; i < 1000; i++) log.write(lines)
  await log.close()
  assert.ok(text().length <= 5 * 2 ** 20, String(text().length))
  assert.match(reports.join('\n'), /^[^\n]*lost[^\n]*$/)
})

test('lines are whole on a pipe whose reader stalled for a while', async (t) => {
  const path = await makePipe(makeScratch(t))
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const reports: string[] = []
  const log = await LogFile.open({ path, report: (message) => reports.push(message) })
  let text = ''
  const readAll = () => {
    text += readAvailable(reader)
  }
  const line = (i: number) => `${i} ${'x'.repeat(997)}`
  const batch = (first: number) =>
    Array.from({ length: 1000 }, (_, i) => `${line(first + i)}\n`).join('')
  for (const first of [0, 1000]) {
    log.write(batch(first))
    // Everything possible is done then
    await log.reopen()
  }
  assert.equal(reports.length, 1, reports.join())
  readAll()
  log.write(`${line(9999)}\n`)
  await log.reopen()
  readAll()
  await log.close()
  closeSync(reader)
  assert.match(text, /\n$/)
  const lines = text.split('\n').slice(0, -1)
  assert.ok(lines.length > 10, String(lines.length))
  for (const each of lines) assert.equal(each, line(parseInt(each)))
  assert.equal(lines.at(-1), line(9999))
})

test('the rest of an interrupted line is written when the log is closed', async (t) => {
  const path = await makePipe(makeScratch(t))
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const log = await LogFile.open({ path, report: () => undefined })
  log.write(`${'x'.repeat(100_000)}\n`)
  await log.reopen()
  const start = readAvailable(reader)
  assert.ok(start.length < 100_000)
  await log.close()
  assert.ok(start + readAvailable(reader) === `${'x'.repeat(100_000)}\n`)
  closeSync(reader)
})

test('the service writes its log to a file, and opens it again on SIGUSR1', async (t) => {
  const root = makeScratch(t, { 'yum/a': 'a' })
  const path = join(makeScratch(t), 'access.log')
  const args = ['--log', 'text', '--log-file', path]
  const { address, child, stop } = await startServe(t, root, { args })
  await (await fetch(`${address}/yum/a`)).text()
  child.kill('SIGUSR1')
  await until(() => readFileSync(path, 'utf8').includes('/yum/a'))
  renameSync(path, `${path}.1`)
  child.kill('SIGUSR1')
  await until(() => existsSync(path))
  await (await fetch(`${address}/yum/b`)).text()
  const { status, stderr } = await stop()
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(readFileSync(`${path}.1`, 'utf8'), /^[^\n]*"GET \/yum\/a" 200 [^\n]*\n$/)
  assert.match(readFileSync(path, 'utf8'), /^[^\n]*"GET \/yum\/b" 404 [^\n]*\n$/)
})

for (const [what, make] of [
  ['in a directory that is not there', (place: string) => join(place, 'no', 'log')],
  ['that is a directory', (place: string) => place],
  ['that is a pipe without a reader', makePipe],
] as const) {
  test(`a log file ${what} is an error at the start`, async (t) => {
    const path = await make(makeScratch(t))
    const args = ['--port', '0', '--trackerless', '--cache-dir', makeScratch(t)]
    const signal = AbortSignal.timeout(10_000)
    const command = ['serve', makeScratch(t), ...args, '--log-file', path]
    const { status, stdout, stderr } = await runBtkit(command, { signal })
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, new RegExp(`^btkit: ${path}: .*\\n$`))
  })
}

async function makePipe(place: string): Promise<string> {
  await runProgram('mkfifo', [join(place, 'pipe')])
  return join(place, 'pipe')
}

/** Everything in a pipe. */
function readAvailable(reader: number): string {
  const buffer = Buffer.alloc(2 ** 20)
  let text = ''
  for (;;) {
    try {
      const length = readSync(reader, buffer)
      if (length === 0) return text
      text += buffer.toString('latin1', 0, length)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      return text
    }
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10))
}
