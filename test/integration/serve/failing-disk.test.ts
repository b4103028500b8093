import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { startExecutable } from '../../support/executable.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { projectRoot, runProgram } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

const LARGE = pseudoRandom(3_000_000, 1)
const FILES = { 'root/bad.iso': LARGE, 'root/bad.txt': 'small', 'root/good.iso': 'other' }
const unlessCompiled = unlessInstalled('cc')

/** What a stream has said so far. */
function textOf(stream: Readable): { text: string } {
  const said = { text: '' }
  stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
  return said
}

/** A mirror on a disk whose reads of `bad` files fail with an error from `fail` on. */
async function serveFromFailing(t: TestContext) {
  const directory = makeScratch(t, FILES)
  const library = join(directory, 'failing-reads.so')
  const source = join(projectRoot, 'test/support/failing-reads.c')
  const compiled = await runProgram('cc', ['-shared', '-fPIC', '-O1', '-o', library, source])
  assert.equal(compiled.status, 0, compiled.stderr)
  const switched = join(directory, 'switch')
  const args = ['serve', join(directory, 'root'), '--port', '0', '--trackerless', '--log', 'off']
  const env = { LD_PRELOAD: library, FAILING_NAME: '/bad.', FAILING_SWITCH: switched }
  const child = startExecutable('btkit', args, { t, env })
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
  await until('it listens', () => /^address: +(\S+)$/m.test(stdout.text))
  const [, address = ''] = /^address: +(\S+)$/m.exec(stdout.text) ?? []
  return {
    stderr,
    fail: (code: 'EIO' | 'EINTR') => {
      writeFileSync(switched, String(constants.errno[code]))
    },
    recover: () => {
      rmSync(switched)
    },
    bytesOf: async (name: string) => {
      const response = await fetch(`${address}/${name}`)
      const bytes = await response.arrayBuffer().catch(() => null)
      return { status: response.status, bytes: bytes && Buffer.from(bytes) }
    },
  }
}

test(
  'a disk that fails is told once with the file, and ends no answer well',
  unlessCompiled,
  async (t) => {
    const { stderr, fail, recover, bytesOf } = await serveFromFailing(t)
    assert.ok((await bytesOf('bad.iso')).bytes?.equals(LARGE))
    fail('EIO')
    for (let n = 0; n < 3; n++) {
      for (const name of ['bad.iso', 'bad.txt']) {
        const { status, bytes } = await bytesOf(name)
        assert.ok(status === 503 || bytes === null, `${name}: ${status}`)
      }
    }
    assert.equal(String((await bytesOf('good.iso')).bytes), 'other')
    const told = stderr.text.split('\n').filter((line) => line.includes('i/o error'))
    assert.equal(told.length, 2, stderr.text)
    for (const line of told)
      assert.match(line, /^btkit: warning: .*\/root\/bad\.(iso|txt): i\/o error$/)
    recover()
    assert.ok((await bytesOf('bad.iso')).bytes?.equals(LARGE))
  },
)

test('a read that a signal interrupts is repeated', unlessCompiled, async (t) => {
  const { stderr, fail, bytesOf } = await serveFromFailing(t)
  fail('EINTR')
  assert.ok((await bytesOf('bad.iso')).bytes?.equals(LARGE))
  assert.equal(String((await bytesOf('bad.txt')).bytes), 'small')
  assert.equal(stderr.text, '')
})
