import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Invocation } from '../../../../src/cli/program.js'
import { parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch, plantSparse } from '../../../support/scratch.js'
import { TRACKER } from './make.js'

const GIB = 2 ** 30

/** The output of a dry run for a file of that many bytes. */
async function plan(
  t: Parameters<typeof makeScratch>[0],
  { size, args = [], legacy }: { size: number; args?: string[]; legacy?: Partial<Invocation> },
) {
  const source = plantSparse(makeScratch(t), 'a', size)
  const common = [source, TRACKER, '--dry-run', ...args]
  const result = await runBtkit(legacy ? common : ['makemetafile', ...common], legacy)
  return { source, ...result }
}

for (const [size, pieces] of [
  [2 ** 22, 2 ** 15],
  [2 ** 22 + 1, 2 ** 16],
  [2 ** 29 + 1, 2 ** 19],
  [14 * GIB, 2 ** 21],
] as const) {
  test(`${size} bytes have pieces of ${pieces} unless another length is asked for`, async (t) => {
    const result = await plan(t, { size, args: ['--json'] })
    const { pieceLength, automaticPieceLength } = parseJson(result)
    assert.deepEqual([pieceLength, automaticPieceLength], [pieces, true])
  })
}

for (const [what, size, args] of [
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

test('a minimum above the maximum is wrong usage, also with one from a configuration', async (t) => {
  const bounds = ['--min-piece-size', '4MiB', '--max-piece-size', '1MiB']
  const why = '--min-piece-size is larger than --max-piece-size'
  const { status, stdout, stderr } = await plan(t, { size: 5, args: bounds })
  assert.deepEqual([status, stdout, stderr], [2, '', `btkit: ${why}\n`])
  const config = join(makeScratch(t, { c: 'defaults: {max-piece-size: 1M}\n' }), 'c')
  const other = await plan(t, { size: 5, args: ['--config', config, ...bounds.slice(0, 2)] })
  const origin = `--max-piece-size is from ${config}:1:28`
  assert.deepEqual([other.status, other.stderr], [2, `btkit: ${why} (${origin})\n`])
  const equal = ['--min-piece-size', '1MiB', '--max-piece-size', '1MiB']
  assert.match((await plan(t, { size: 5, args: equal })).stdout, /pieces? of 1 MiB/)
})

test('a length by request is automatic in JSON', async (t) => {
  const result = await plan(t, { size: 5, args: ['--json', '--piece-length', 'auto'] })
  assert.equal(parseJson(result)['automaticPieceLength'], true)
})
