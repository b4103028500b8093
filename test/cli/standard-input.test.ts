import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../support/decode-torrent.js'
import { executable } from '../support/executable.js'
import { collect, runProgram, startProgram } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'

const KIB = 1024
const PIECE = 64 * KIB
const OPTIONS = ['makemetafile', '-', '--name', 'x', '-o', 'x.torrent', '--trackerless']

/** Bytes that differ from piece to piece. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 509) bytes.writeInt32LE(at, at)
  return bytes
}

function piecesOf(bytes: Buffer): string {
  const count = Math.ceil(bytes.length / PIECE)
  const pieces = Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE, (i + 1) * PIECE))
  return pieces.map((piece) => createHash('sha1').update(piece).digest('hex')).join('')
}

/** Asserts that a torrent of what a command of the shell writes to a pipe has its digests. */
async function assertPiped(t: TestContext, bytes: Buffer, command: string) {
  const cwd = makeScratch(t, { data: bytes })
  const args = [process.execPath, executable('btkit'), ...OPTIONS, '--piece-length', '64K']
  const { status, stderr } = await runProgram('sh', ['-c', `${command} | "$@"`, 'sh', ...args], {
    cwd,
  })
  assert.deepEqual([status, stderr], [0, ''])
  const { info } = decodeTorrent(readFileSync(join(cwd, 'x.torrent')))
  assert.deepEqual([info['length'], info['pieces']], [bytes.length, piecesOf(bytes)])
}

for (const size of [1, 64, 2000, 2048, 4096, 9000].map((kib) => kib * KIB)) {
  for (const more of [0, 1]) {
    test(`a pipe of ${size + more} bytes`, (t) => assertPiped(t, bytesOf(size + more), 'cat data'))
  }
}

test('a pipe whose bytes come in parts, with and without pauses', async (t) => {
  const bytes = bytesOf(5000 * KIB)
  const paused = 'head -c 65536 data; sleep 0.2; tail -c +65537 data'
  await assertPiped(t, bytes, `(${paused})`)
  await assertPiped(t, bytes, 'dd if=data bs=5000 status=none')
  await assertPiped(t, bytes, 'dd if=data bs=65536 status=none')
})

test('Ctrl-C ends the reading of a pipe', async (t) => {
  const cwd = makeScratch(t)
  execFileSync('mkfifo', [join(cwd, 'pipe')])
  const args = [process.execPath, executable('btkit'), ...OPTIONS]
  // Open for writing, too, so that it never ends
  const child = startProgram('sh', ['-c', 'exec "$@" <>pipe', 'sh', ...args], { cwd })
  const ended = collect(child)
  const writer = await open(join(cwd, 'pipe'), 'r+')
  t.after(() => writer.close())
  // More than a pipe holds, so that btkit is reading
  await writer.writeFile(bytesOf(4000 * KIB))
  child.kill('SIGINT')
  const { status, stderr } = await ended
  assert.deepEqual([status, stderr], [130, 'btkit: interrupted\n'])
})
