import assert from 'node:assert/strict'
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { LogFile, openAccessLog } from '../../../src/server/exchange/log-file.js'
import { onlyRoot } from '../../disk/failure.js'
import { assertQuiet, runBtkit } from '../../support/run-btkit.js'
import { runProgram } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'
import { startServe } from '../../mirror/hostile/process.js'
import { longTest } from '../../support/long.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { openFiles } from '../../support/when-open.js'
import { until } from '../../support/until.js'

async function openLog(t: TestContext) {
  const path = join(makeScratch(t), 'access.log')
  const reports: string[] = []
  const log = await LogFile.open(path, (message) => reports.push(message))
  return { path, log, reports, text: () => readFileSync(path, 'utf8') }
}

test('lines are appended to existing ones', async (t) => {
  const { path, log, text } = await openLog(t)
  log.write('a\n')
  log.write('b\n')
  await log.close()
  const again = await LogFile.open(path, assert.ifError)
  again.write('c\n')
  await again.close()
  assert.equal(text(), 'a\nb\nc\n')
  assert.equal(statSync(path).mode & 0o007, 0, 'nothing for others')
})

test('a file for a log that is off is warned of', async (t) => {
  const logFile = join(makeScratch(t), 'access.log')
  const warnings: string[] = []
  const world = {
    now: Date.now,
    warn: (line: string) => warnings.push(line),
    writeLog: assert.ifError,
  }
  const settings = { logFile, clientAddresses: { of: () => '192.0.2.1' } }
  await (await openAccessLog({ ...settings, logFormat: 'text' }, world)).close()
  await (await openAccessLog({ ...settings, logFormat: 'off' }, world)).close()
  assert.deepEqual(warnings, [`${logFile}: stays empty, because --log is off`])
})

test('after each rename and reopening, lines go to a new file of the old name', async (t) => {
  const { path, log, text } = await openLog(t)
  await log.reopen()
  for (const day of ['1', '2']) {
    log.write(`${day}\n`)
    await log.reopen()
    renameSync(path, `${path}.${day}`)
    await log.reopen()
  }
  // A log that is deleted must give its space back
  assert.deepEqual(
    openFiles('self').filter((file) => file.startsWith(`${path}.`)),
    [],
  )
  log.write('3\n')
  await log.close()
  const older = ['1', '2'].map((day) => readFileSync(`${path}.${day}`, 'utf8'))
  assert.deepEqual([...older, text()], ['1\n', '2\n', '3\n'])
})

test(
  'root opens no log through a link of another user, also after a rotation',
  onlyRoot,
  async (t) => {
    const { path, log, reports } = await openLog(t)
    const victim = `${path}.victim`
    writeFileSync(victim, '')
    renameSync(path, `${path}.1`)
    symlinkSync(victim, path)
    lchownSync(path, 1, 1)
    await log.reopen()
    log.write('a\n')
    await log.close()
    assert.deepEqual([readFileSync(`${path}.1`, 'utf8'), readFileSync(victim, 'utf8')], ['a\n', ''])
    assert.match(reports.join(), /access\.log: is a link of user 1, who could/)
    await assert.rejects(LogFile.open(path, assert.ifError), { code: 'not-permitted' })
  },
)

test('while the name cannot be opened, lines stay in the open file, with one warning', async (t) => {
  const { path, log, reports, text } = await openLog(t)
  const away = `${dirname(path)}-away`
  for (const day of ['1', '2']) {
    renameSync(dirname(path), away)
    for (const line of ['a', 'b']) {
      log.write(`${line}${day}\n`)
      await log.reopen()
    }
    assert.equal(readFileSync(join(away, basename(path)), 'utf8'), `a${day}\nb${day}\n`)
    rmSync(away, { recursive: true })
    mkdirSync(dirname(path))
    await log.reopen()
  }
  log.write('c\n')
  await log.close()
  assert.equal(text(), 'c\n')
  const why = `${path}: no such file or directory; the log goes on in the previous file`
  assert.deepEqual(reports, [why, why])
})

test(
  'a line that a full disk cut is ended before the next one, and the end is told',
  unlessNoDisks,
  async (t) => {
    const disk = mountSmallDisk(t, '64k') ?? assert.fail('no disk')
    const path = join(disk, 'access.log')
    const reports: string[] = []
    const log = await LogFile.open(path, (message) => reports.push(message))
    log.write('first\n')
    await until('it is written', () => statSync(path).size === 6)
    const filler = fillDisk(disk)
    log.write(`${'cut '.repeat(3000)}\n`)
    await until('the disk is full', () => reports.length === 1)
    rmSync(filler)
    log.write('next\n')
    await until('the log is written', () => reports.length > 1)
    log.write('last\n')
    await log.close()
    const [first, cut = '', ...rest] = readFileSync(path, 'utf8').split('\n')
    assert.deepEqual([first, rest], ['first', ['next', 'last', '']])
    assert.deepEqual(reports.slice(1), [`${path}: written again`])
    assert.match(cut, /^(?:cut )+c?u?t?$/)
  },
)

test('lines that come faster than they can be written are dropped', async (t) => {
  const { log, reports, text } = await openLog(t)
  const lines = `${'x'.repeat(65_535)}\n`
  for (let i = 0; i < 1000; i++) log.write(lines)
  await log.close()
  assert.ok(text().length <= 5 * 2 ** 20, String(text().length))
  assert.match(reports.join('\n'), /^[^\n]*lost\n[^\n]*written again$/)
})

longTest(
  'the service writes its log to a file, and opens it again on SIGUSR1 and SIGHUP',
  async (t) => {
    const root = makeScratch(t, { 'yum/a': 'a' })
    const path = join(makeScratch(t), 'access.log')
    const args = ['--log', 'text', '--log-file', path]
    const { address, child, stop } = await startServe(t, root, { args })
    await (await fetch(`${address}/yum/a`)).text()
    child.kill('SIGUSR1')
    await until('the line is written', () => readFileSync(path, 'utf8').includes('/yum/a'))
    renameSync(path, `${path}.1`)
    child.kill('SIGUSR1')
    await until('the file is there', () => existsSync(path))
    await (await fetch(`${address}/yum/b`)).text()
    await until('the line is written', () => readFileSync(path, 'utf8').includes('/yum/b'))
    renameSync(path, `${path}.2`)
    child.kill('SIGHUP')
    await until('the file is there', () => existsSync(path))
    await (await fetch(`${address}/yum/c`)).text()
    assertQuiet(await stop())
    assert.match(readFileSync(`${path}.1`, 'utf8'), /^[^\n]*"GET \/yum\/a" 200 [^\n]*\n$/)
    assert.match(readFileSync(`${path}.2`, 'utf8'), /^[^\n]*"GET \/yum\/b" 404 [^\n]*\n$/)
    assert.match(readFileSync(path, 'utf8'), /^[^\n]*"GET \/yum\/c" 404 [^\n]*\n$/)
  },
)

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
