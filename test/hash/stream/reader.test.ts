import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import { createReadFailures, listUnreadable } from '../../../src/hash/stream/read-failures.js'
import { StreamReader } from '../../../src/hash/stream/reader.js'
import { failure, unlessRoot } from '../../files/failure.js'
import { openFilesBelow, unlessProc } from './open-files.js'
import { plantStream } from '../plant-stream.js'

const PIECE = 16384

test('every stretch of the stream reads as the files joined', (t) => {
  const { contents, stream } = plantStream(t, [3, 0, 1, 7, 2], PIECE)
  const whole = Buffer.concat(contents)
  const reader = new StreamReader(stream)
  for (let start = 0; start < whole.length; start++) {
    for (let end = start; end <= whole.length; end++) {
      const target = Buffer.alloc(end - start)
      reader.read(start, target)
      assert.deepEqual(target, whole.subarray(start, end), `${start} to ${end}`)
    }
  }
  reader.close()
})

test('one file is open at a time, and none after close', unlessProc, (t) => {
  const { directory, paths, stream } = plantStream(t, [10, 10, 10], PIECE)
  const reader = new StreamReader(stream)
  reader.read(0, Buffer.alloc(25))
  assert.deepEqual(openFilesBelow(directory), [paths[2]])
  reader.close()
  assert.deepEqual(openFilesBelow(directory), [])
})

test('a reader that was closed before it read still reads', (t) => {
  const { contents, stream } = plantStream(t, [1], PIECE)
  const reader = new StreamReader(stream)
  reader.close()
  const target = Buffer.alloc(1)
  reader.read(0, target)
  reader.close()
  assert.deepEqual(target, contents[0])
})

test('closing a reader twice closes no file that was opened in between', (t) => {
  const { paths, stream } = plantStream(t, [1], PIECE)
  const reader = new StreamReader(stream)
  reader.read(0, Buffer.alloc(1))
  reader.close()
  // It gets the number of the descriptor that is free now
  const other = openSync(paths[0]!, 'r')
  reader.close()
  assert.equal(fstatSync(other).size, 1)
  closeSync(other)
})

test('a file that became shorter is named', (t) => {
  const { paths, stream } = plantStream(t, [10, 10], PIECE)
  truncateSync(paths[1]!, 9)
  const reader = new StreamReader(stream)
  const message = `${paths[1]!}: became shorter while it was read`
  assert.throws(
    () => {
      reader.read(0, Buffer.alloc(20))
    },
    failure('changed', message),
  )
  reader.close()
})

test('a file that is gone is named', (t) => {
  const { paths, stream } = plantStream(t, [10, 10], PIECE)
  rmSync(paths[1]!)
  const reader = new StreamReader(stream)
  const message = `${paths[1]!}: no such file or directory`
  assert.throws(
    () => {
      reader.read(0, Buffer.alloc(20))
    },
    failure('not-found', message),
  )
  reader.close()
})

test('a directory in the place of a file is an error that names it', (t) => {
  const { paths, stream } = plantStream(t, [10], PIECE)
  rmSync(paths[0]!)
  mkdirSync(paths[0]!)
  const reader = new StreamReader(stream)
  const message = `${paths[0]!}: is a directory`
  assert.throws(
    () => {
      reader.read(0, Buffer.alloc(10))
    },
    failure('io', message),
  )
  reader.close()
})

test('a file that may not be read is named', unlessRoot, (t) => {
  const { paths, stream } = plantStream(t, [10], PIECE)
  chmodSync(paths[0]!, 0)
  const reader = new StreamReader(stream)
  const message = `${paths[0]!}: permission denied`
  assert.throws(
    () => {
      reader.read(0, Buffer.alloc(10))
    },
    failure('not-permitted', message),
  )
})

test('a file that grew is read as far as it was long', (t) => {
  const { paths, contents, stream } = plantStream(t, [10, 10], PIECE)
  writeFileSync(paths[0]!, 'more', { flag: 'a' })
  const target = Buffer.alloc(20)
  const reader = new StreamReader(stream)
  reader.read(0, target)
  reader.close()
  assert.deepEqual(target, Buffer.concat(contents))
})

test('with failures noted, a disk that fails costs the pieces it fails in', unlessProc, (t) => {
  const { paths, contents } = plantStream(t, [2.5 * PIECE, 2 * PIECE], PIECE)
  // To read the first page of a process's memory, which nothing has, is an input/output error
  const failing = { path: '/proc/self/mem', length: PIECE }
  const files = [
    { path: paths[0]!, length: 2.5 * PIECE },
    failing,
    { path: paths[1]!, length: 2 * PIECE },
  ]
  const stream = concatenateFiles(files, PIECE)
  const failures = createReadFailures(stream)
  const target = Buffer.alloc(5.5 * PIECE, 'x')
  const reader = new StreamReader(stream, failures)
  reader.read(0, target)
  reader.close()
  const whole = Buffer.concat([contents[0]!, Buffer.alloc(PIECE), contents[1]!])
  assert.deepEqual(target, whole)
  assert.deepEqual([...failures.pieces], [0, 0, 1, 1, 0, 0])
  assert.deepEqual([...listUnreadable(failures, stream)], [['/proc/self/mem', 'i/o error']])
})
