import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync, renameSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { hashAddon, type NativeJob, availableKernels } from '../../../../src/disk/hash/kernels.js'
import { concatenateFiles } from '../concatenate.js'
import { hashStream } from '../../../../src/disk/hash/hash-stream.js'
import { failure } from '../../failure.js'
import { makeScratch, plantHuge } from '../../../support/scratch.js'
import { hashOptions, TWINS } from '../hash-options.js'
import { plantStream } from '../plant-stream.js'

const MIB = 2 ** 20
const kernel = availableKernels().find(({ name }) => name !== 'crypto')?.name
const unlessNative = { skip: kernel === undefined && 'no kernel of the accelerator here' }

for (const twin of TWINS) {
  for (const [place, size] of [
    ['at once', 10],
    ['on threads', 40 * MIB],
  ] as const) {
    test(`${twin}, ${place}: a link that took the place of a file is not followed`, async (t) => {
      const { paths } = plantStream(t, [5, size, 5], MIB)
      const files = paths.map((path) => {
        const { dev, ino, size: length } = statSync(path, { bigint: true })
        return { path, length: Number(length), identity: { device: dev, inode: ino } }
      })
      const stream = concatenateFiles(files, MIB)
      await hashStream(stream, hashOptions({ kernel: twin, threads: 2 }))
      renameSync(paths[1]!, `${paths[1]!}.old`)
      symlinkSync(`${paths[1]!}.old`, paths[1]!)
      await assert.rejects(
        hashStream(stream, hashOptions({ kernel: twin, threads: 2 })),
        failure('changed', `${paths[1]!}: was replaced while it was read`),
      )
    })
  }
}

test('a process may exit while threads of the accelerator are at work', unlessNative, (t) => {
  const path = plantHuge(makeScratch(t), 'huge', 32 * 2 ** 30)
  const program = `
    import { hashStream } from '${new URL('../../../../src/disk/hash/hash-stream.js', import.meta.url).href}'
    import { chooseKernel } from '${new URL('../../../../src/disk/hash/kernels.js', import.meta.url).href}'
    import { concatenateFiles } from '${new URL('../concatenate.js', import.meta.url).href}'
    const file = { path: ${JSON.stringify(path)}, length: ${32 * 2 ** 30} }
    const stream = concatenateFiles([file], ${MIB})
    const { signal } = new AbortController()
    chooseKernel('${kernel ?? ''}')
    void hashStream(stream, { threads: 4, signal })
    setTimeout(() => process.exit(7), 50)
  `
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8', timeout: 20_000 },
  )
  assert.deepEqual([status, stderr], [7, ''])
})

/** A job as it should be: one file of no bytes that is there. */
function emptyJob(): NativeJob {
  return {
    kernel: kernel as NativeJob['kernel'],
    directories: Buffer.from('/nonexistent/\0'),
    directoryOf: Uint32Array.of(0),
    names: Buffer.from('a\0b\0'),
    nameAt: Uint32Array.of(0),
    identities: null,
    written: null,
    refusesWritten: false,
    offsets: Float64Array.of(0, 100),
    pieceLength: 16384,
    pieces: new Uint32Array(0),
    isDone: new Uint8Array(0),
    piecesPerBatch: 1,
    fullBatches: 0,
    piecesPerRest: 1,
    isInOrder: false,
    wantsPieces: true,
    pieceDigests: new Uint8Array(20),
    firstBlocks: null,
    blockDigests: new Uint8Array(0),
    control: new Int32Array(4),
    progress: new BigInt64Array(1),
    nextTurn: null,
    bytesPerSecond: 0,
    failedPieces: null,
    reasons: null,
  }
}

/** Invalid combinations, which would make the accelerator write to the wrong memory. */
const FAULTS: Record<string, Partial<Record<keyof NativeJob, unknown>>> = {
  'directories that are not ended': { directories: Buffer.from('/nonexistent/') },
  'a directory that is not there': { directoryOf: Uint32Array.of(1) },
  'no directories': { directories: Buffer.from('') },
  'names that are not ended': { names: Buffer.from('a\0b') },
  'no names': { names: Buffer.from('') },
  'a name behind the last': { nameAt: Uint32Array.of(4) },
  'fewer directories than offsets': {
    offsets: Float64Array.of(0, 1, 2),
    nameAt: new Uint32Array(2),
  },
  'fewer names than offsets': {
    offsets: Float64Array.of(0, 1, 2),
    directoryOf: new Uint32Array(2),
  },
  'offsets that fall': {
    directoryOf: new Uint32Array(2),
    nameAt: new Uint32Array(2),
    offsets: Float64Array.of(0, 5, 4),
  },
  'offsets that begin later': { offsets: Float64Array.of(1, 100) },
  'offsets that are no integers': { offsets: Float64Array.of(0, 1.5) },
  'identities of fewer files': { identities: new BigUint64Array(1) },
  'writers of fewer files': { written: new Uint8Array(0) },
  'a piece beyond the end': { pieces: Uint32Array.of(1) },
  'pieces that do not rise': { pieces: Uint32Array.of(0, 0), pieceDigests: new Uint8Array(40) },
  'less room than digests': { pieces: null, pieceDigests: new Uint8Array(19) },
  'no piece length': { pieceLength: 0 },
  'no room to note failures': { failedPieces: new Uint8Array(1), reasons: new Int32Array(0) },
  'no room for progress': { progress: new BigInt64Array(0) },
  'a control of another type': { control: new Float64Array(4) },
  'blocks longer than pieces': { pieceLength: 1000, firstBlocks: new Uint32Array(9) },
  'fewer numbers of blocks than pieces': { pieces: null, firstBlocks: new Uint32Array(1) },
  'nothing to compute': { wantsPieces: false },
  'a rate of nothing': { nextTurn: new BigInt64Array(1), bytesPerSecond: 0 },
  'an unknown kernel': { kernel: 'sse2' },
}

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`the accelerator takes no job with ${name}`, unlessNative, () => {
    assert.equal(hashAddon!.hashJob(emptyJob()), undefined)
    const job = { ...emptyJob(), ...fault } as NativeJob
    assert.throws(() => hashAddon!.hashJob(job), /not a job|kernel must/)
    assert.throws(() => hashAddon!.hashJobOnThreads(job, 1, 0), /not a job|kernel must/)
  })
}

test('the accelerator takes no job for no threads', unlessNative, () => {
  assert.throws(() => hashAddon!.hashJobOnThreads(emptyJob(), 0, 0), RangeError)
})
