import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startExecutable } from '../support/executable.js'
import { quickFirst } from '../support/long.js'
import { collect } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'

// Errors that nobody catches are faults of btkit, so a module adds one to the program

/** A module that does something bad at a signal. */
function onSignal(deed: string): string {
  const source = `process.on('SIGUSR2', () => { ${deed} })`
  return `--import=data:text/javascript,${encodeURIComponent(source)}`
}

const THROWN = "setImmediate(() => { throw new Error('a fault') })"
const REJECTED = "void Promise.reject(new Error('a fault'))"

/** Starts a command, sends it the signal once it has said something, and waits for its end. */
async function fail(
  t: TestContext,
  args: readonly string[],
  { said, deed = THROWN, env = {} }: { said: RegExp; deed?: string; env?: Record<string, string> },
) {
  const child = startExecutable('btkit', args, {
    env: { NODE_OPTIONS: onSignal(deed), ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = collect(child)
  await until('it runs', () => said.test(text))
  child.kill('SIGUSR2')
  const { status, signal, stderr } = await ended
  return { status, signal, lines: stderr.trimEnd().split('\n') }
}

const FAULT = 'btkit: internal error: a fault (set BTKIT_DEBUG=1 for details)'

const SERVICES: Readonly<Record<string, (directory: string) => readonly string[]>> = {
  serve: (directory) => ['serve', directory, '--host', '127.0.0.1', '--port', '0', '--trackerless'],
  track: () => ['track', '--host', '127.0.0.1', '--port', '0', '--open'],
  seed: (directory) => ['seed', directory, '--host', '127.0.0.1', '--port', '0'],
}

const testUncaught = quickFirst(2)

for (const [name, argsOf] of Object.entries(SERVICES)) {
  for (const deed of [THROWN, REJECTED]) {
    testUncaught(
      `an error that nobody caught (${deed.slice(0, 12)}) ends ${name} in order, with one line`,
      async (t) => {
        const directory = makeScratch(t)
        const runtime = makeScratch(t)
        mkdirSync(join(runtime, 'btkit'))
        const env = { XDG_RUNTIME_DIR: runtime }
        const ended = await fail(t, argsOf(directory), { said: /listening|http:/, deed, env })
        assert.equal(ended.status, 1)
        assert.equal(ended.lines.filter((line) => line === FAULT).length, 1, ended.lines.join('\n'))
        assert.ok(!ended.lines.some((line) => /^ +at /.test(line)), ended.lines.join('\n'))
        assert.deepEqual(readdirSync(join(runtime, 'btkit')), [])
      },
    )
  }
}

test('it ends any other command, too, and BTKIT_DEBUG=1 shows where it came from', async (t) => {
  const source = `
    const timer = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return
      clearInterval(timer)
      throw new Error('a fault')
    }, 10)`
  for (const debug of ['0', '1']) {
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(source)}`
    // It waits for its standard input
    const child = startExecutable('btkit', ['showmetainfo', '-'], {
      env: { NODE_OPTIONS, BTKIT_DEBUG: debug },
    })
    t.after(() => child.kill('SIGKILL'))
    const { status, signal, stderr } = await collect(child)
    assert.deepEqual([status, signal], [1, null])
    if (debug === '0') assert.equal(stderr, `${FAULT}\n`)
    else assert.match(stderr, /^btkit: internal error: a fault .*\nError: a fault\n +at /)
  }
})
