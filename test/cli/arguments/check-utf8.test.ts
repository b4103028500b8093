import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkUtf8 } from '../../../src/cli/arguments/operands.js'
import { failure } from '../../files/failure.js'
import { executable, runProgram } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const MANGLED = 'b\ufffdd'
const WHY = 'argument b\\xffd: the name is not valid UTF-8; nothing was done'
const refusal = failure('usage', WHY)

function commandLineOf(t: Parameters<typeof makeScratch>[0], ...args: (string | Buffer)[]) {
  const bytes = args.flatMap((arg) => [Buffer.from(arg), Buffer.of(0)])
  return join(makeScratch(t, { cmdline: Buffer.concat(bytes) }), 'cmdline')
}

test('an argument that was not UTF-8 is refused', (t) => {
  const raw = Buffer.from('b\xffd', 'latin1')
  const commandLine = commandLineOf(t, 'node', 'btkit.js', 'edit', 'a', raw)
  assert.throws(() => {
    checkUtf8(['edit', 'a', MANGLED], commandLine)
  }, refusal)
})

test('a name may contain the replacement character U+FFFD', (t) => {
  const commandLine = commandLineOf(t, 'node', 'btkit.js', 'edit', MANGLED)
  assert.doesNotThrow(() => {
    checkUtf8(['edit', MANGLED], commandLine)
  })
})

test('arguments are accepted if the system does not show their bytes', () => {
  assert.doesNotThrow(() => {
    checkUtf8(['edit', MANGLED], '/nowhere/at/all')
  })
})

const unlessLinux = { skip: process.platform !== 'linux' && 'other systems do not tell' }

test('no other file is edited in place of one whose name is not UTF-8', unlessLinux, async (t) => {
  const torrent = torrentOf(singleFileInfo(), { comment: 'old' })
  const root = makeScratch(t, { [MANGLED]: torrent })
  // The shell passes bytes on as they are
  const script = `exec "$0" "$@" "$(printf 'b\\377d')"`
  const args = [process.execPath, executable('btkit'), 'edit', '--comment', 'new']
  const { status, stderr } = await runProgram('sh', ['-c', script, ...args], { cwd: root })
  assert.equal(status, 2)
  assert.equal(stderr, `btkit: ${WHY}\n`)
  assert.deepEqual(readFileSync(join(root, MANGLED)), Buffer.from(torrent))
})
