import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pseudoRandom } from '../support/pseudo-random.js'
import { assertQuiet, parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch, plantSparse } from '../support/scratch.js'

const MIB = 2 ** 20
const SIZE = 40 * MIB + 5000

/** Writes some bytes of a file in place. */
function write(path: string, bytes: Uint8Array, offset: number): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

/** An image of holes, with data at its start, across a piece's end, in a piece and near its end. */
function plantImage(directory: string): string {
  const path = plantSparse(directory, 'image', SIZE)
  write(path, pseudoRandom(100_000, 1), 0)
  write(path, pseudoRandom(3 * MIB, 2), 9.5 * MIB)
  write(path, pseudoRandom(5, 3), 20.3 * MIB)
  write(path, pseudoRandom(4000, 4), SIZE - 70_000)
  return path
}

const VERSIONS = [[], ['--v2'], ['--hybrid'], ['--v2', '-l', '14'], ['--max-rate', '1G']]

for (const version of VERSIONS) {
  test(`a sparse image has the info hash of its copy without holes: ${version.join(' ')}`, async (t) => {
    const directory = makeScratch(t, { 'copy/x': '' })
    const image = plantImage(directory)
    const copy = join(directory, 'copy/image')
    assert.equal(spawnSync('cp', ['--sparse=never', image, copy]).status, 0)
    const make = async (source: string) => {
      const line = ['makemetafile', source, 'http://t.example/', '--no-cache', '--json', ...version]
      const { infoHash, infoHashV2 } = parseJson(await runBtkit(line))
      return { infoHash, infoHashV2 }
    }
    const made = await make(copy)
    rmSync(`${copy}.torrent`)
    assert.deepEqual(await make(image), made)
    assertQuiet(await runBtkit(['verify', '--quiet', `${image}.torrent`, copy]))
    assertQuiet(await runBtkit(['verify', '--quiet', `${image}.torrent`, image]))
  })
}

for (const version of [[], ['--v2'], ['--hybrid']]) {
  test(`a byte that was written into a hole is found: ${version.join(' ')}`, async (t) => {
    const image = plantImage(makeScratch(t))
    const line = ['makemetafile', image, 'http://t.example/', '--no-cache', '--quiet', ...version]
    assertQuiet(await runBtkit([...line, '-l', '18']))
    write(image, Uint8Array.of(1), 30 * MIB + 5)
    const { status, stdout } = await runBtkit(['verify', '--json', `${image}.torrent`, image])
    const { files } = JSON.parse(stdout) as { files: { ranges: number[][] }[] }
    assert.deepEqual([status, files[0]?.ranges], [1, [[30 * MIB, 30 * MIB + 2 ** 18]]])
  })
}
