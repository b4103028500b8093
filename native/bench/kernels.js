// node native/bench/kernels.js [milliseconds per figure]: GB/s on one core, each kernel of the
// accelerator beside node:crypto.
//
// The benchmark does the same as the program: a buffer is filled by read(2) from the page cache and
// then hashed. Only the hashing is timed. The buffer holds 32 MiB, so most of it is not in the
// core's own caches. The last line of each algorithm shows a buffer that is.

import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const KiB = 1024
const MiB = 1024 * KiB
const timePerFigure = Number(process.argv[2] ?? 400)
const cases = [
  { pieceLength: 16 * KiB, bufferSize: 32 * MiB },
  { pieceLength: 256 * KiB, bufferSize: 32 * MiB },
  { pieceLength: 1 * MiB, bufferSize: 32 * MiB },
  { pieceLength: 2 * MiB, bufferSize: 32 * MiB },
  { pieceLength: 4 * MiB, bufferSize: 32 * MiB },
  { pieceLength: 16 * KiB, bufferSize: 512 * KiB },
]

const addon = createRequire(import.meta.url)('../build/piece_hash.node')
const kernels = Object.entries(addon.features())
  .filter(([, runs]) => runs)
  .map(([name]) => name)

const dir = mkdtempSync(join(tmpdir(), 'btkit-bench-'))
const file = openSync(join(dir, 'data'), 'w+')
process.on('exit', () => {
  closeSync(file)
  rmSync(dir, { recursive: true })
})
const chunk = Buffer.alloc(1 * MiB, 'what the bytes are does not matter')
for (let at = 0; at < 32 * MiB; at += chunk.length) writeSync(file, chunk)

const data = new Uint8Array(new SharedArrayBuffer(32 * MiB))
const out = new Uint8Array((32 * 32 * MiB) / (16 * KiB))

function hashWithCrypto(algorithm, pieceLength, count) {
  for (let i = 0; i < count; i++) {
    const piece = data.subarray(i * pieceLength, (i + 1) * pieceLength)
    createHash(algorithm).update(piece).digest()
  }
}

function gigabytesPerSecond(bufferSize, hash) {
  const speeds = []
  const end = performance.now() + timePerFigure
  do {
    readSync(file, data, 0, bufferSize, 0)
    const start = process.hrtime.bigint()
    hash()
    speeds.push(bufferSize / Number(process.hrtime.bigint() - start))
  } while (performance.now() < end || speeds.length < 3)
  speeds.sort((a, b) => a - b)
  return speeds[speeds.length >> 1].toFixed(2)
}

function size(bytes) {
  return bytes < MiB ? `${bytes / KiB} KiB` : `${bytes / MiB} MiB`
}

const columns = ['algorithm', 'piece', 'buffer', 'node:crypto', ...kernels]
console.log(columns.map((name) => name.padStart(12)).join(' '))
for (const algorithm of ['sha1', 'sha256']) {
  for (const { pieceLength, bufferSize } of cases) {
    const count = bufferSize / pieceLength
    const figures = [
      gigabytesPerSecond(bufferSize, () => hashWithCrypto(algorithm, pieceLength, count)),
      ...kernels.map((kernel) =>
        gigabytesPerSecond(bufferSize, () =>
          addon.hash(kernel, algorithm, data, pieceLength, count, out),
        ),
      ),
    ]
    const line = [algorithm, size(pieceLength), size(bufferSize), ...figures]
    console.log(line.map((text) => text.padStart(12)).join(' '))
  }
}
