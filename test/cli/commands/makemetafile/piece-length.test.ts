import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Invocation } from '../../../../src/cli/program.js'
import { parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch, plantSparse } from '../../../support/scratch.js'
import { TRACKER } from './make.js'

const GIB = 2 ** 30
const NOTE =
  'pieces of 2 MiB, as with 256 KiB the .torrent would have 1.1 MiB (--piece-length overrides this)'

/** What a dry run says of a file of that many bytes. */
async function plan(
  t: Parameters<typeof makeScratch>[0],
  { size, args = [], legacy }: { size: number; args?: string[]; legacy?: Partial<Invocation> },
) {
  const source = plantSparse(makeScratch(t), 'a', size)
  const common = [source, TRACKER, '--dry-run', ...args]
  const result = await runBtkit(legacy ? common : ['makemetafile', ...common], legacy)
  return { source, ...result }
}

test('where 2^18 would make a torrent over 1 MiB, the size chooses, and that is said', async (t) => {
  const { source, status, stdout, stderr } = await plan(t, { size: 14 * GIB })
  assert.deepEqual([status, stderr], [0, `btkit: ${source}: ${NOTE}\n`])
  assert.match(stdout, /in 7168 pieces of 2 MiB\n$/)
})

test('in JSON as well', async (t) => {
  const result = await plan(t, { size: 14 * GIB, args: ['--json'] })
  const { pieceLength, automaticPieceLength } = parseJson(result)
  assert.deepEqual([pieceLength, automaticPieceLength], [2 ** 21, true])
  assert.ok(result.stderr.includes(NOTE))
})

test('--quiet says nothing of it', async (t) => {
  const { stderr } = await plan(t, { size: 14 * GIB, args: ['--quiet'] })
  assert.equal(stderr, '')
})

for (const [what, size, args] of [
  ['of 12 GiB', 12 * GIB, []],
  ['of 14 GiB with -l 18', 14 * GIB, ['-l', '18']],
  ['of 14 GiB with --piece-size-pow2 18', 14 * GIB, ['--piece-size-pow2', '18']],
  ['of 14 GiB with --piece-length 256KiB', 14 * GIB, ['--piece-length', '256KiB']],
] as const) {
  test(`a torrent ${what} has pieces of 2^18`, async (t) => {
    const { stdout, stderr } = await plan(t, { size, args: [...args] })
    assert.equal(stderr, '')
    assert.match(stdout, /pieces of 256 KiB\n$/)
  })
}

for (const program of ['btmakemetafile', 'btmakemetafile.py', 'btmakemetafile.bittorrent']) {
  test(`${program} keeps 2^18`, async (t) => {
    const legacy = { program, subcommand: 'makemetafile' }
    const { status, stdout, stderr } = await plan(t, { size: 14 * GIB, legacy })
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /in 57344 pieces of 256 KiB\n$/)
  })
}

test('a length by request is automatic in JSON', async (t) => {
  const result = await plan(t, { size: 5, args: ['--json', '--piece-length', 'auto'] })
  assert.equal(parseJson(result)['automaticPieceLength'], true)
})
