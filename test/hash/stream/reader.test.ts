import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { concatenateFiles } from '../../../src/hash/stream/content-stream.js'
import { createReadFailures, listUnreadable } from '../../../src/hash/stream/read-failures.js'
import { StreamReader } from '../../../src/hash/stream/reader.js'
import { openFilesBelow, unlessProc } from './open-files.js'
import { plantStream } from '../plant-stream.js'

const PIECE = 16384

test('one file is open at a time, and none after close', unlessProc, (t) => {
  const { directory, paths, stream } = plantStream(t, [10, 10, 10], PIECE)
  const reader = new StreamReader(stream)
  reader.read(0, Buffer.alloc(25))
  assert.deepEqual(openFilesBelow(directory), [paths[2]])
  reader.close()
  assert.deepEqual(openFilesBelow(directory), [])
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
