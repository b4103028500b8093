import assert from 'node:assert/strict'
import { promises, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fingerprintOf } from '../../../src/disk/file-lists/fingerprint.js'
import type { FileState } from '../../../src/disk/file-lists/scanned-file.js'
import { FileReader } from '../../../src/seeding/peer/content.js'
import { makeScratch } from '../../support/scratch.js'
import { importMocks } from '../../support/import-mocks.js'

test('very many files may be read at once', async (t) => {
  const names = Array.from({ length: 600 }, (_, n) => `${n}.bin`)
  const directory = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  const files = names.map((name): FileState => {
    const path = join(directory, name)
    return { absolutePath: path, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }
  })
  const reader = new FileReader()
  t.after(() => {
    reader.close()
  })
  const chunks = await Promise.all(files.map((file, n) => reader.load(`${n}`, file, 0)))
  assert.deepEqual(chunks.map(String), names)
})

test('with few descriptors, all files are read', async (t) => {
  let count = 0
  const { open } = promises
  t.mock.method(promises, 'open', async (...args: Parameters<typeof open>) => {
    if (count > 2)
      throw Object.assign(new Error('no more'), { code: 'EMFILE', errno: -24, syscall: 'open' })
    count++
    const handle = await open(...args)
    const close = handle.close.bind(handle)
    handle.close = () => close().finally(() => count--)
    return handle
  })
  importMocks(t)
  const reader = new FileReader()
  const path = join(makeScratch(t, { file: 'content' }), 'file')
  const file = {
    absolutePath: path,
    fingerprint: fingerprintOf(statSync(path, { bigint: true })),
  }
  for (let n = 0; n < 10; n++) assert.equal(String(await reader.load(`${n}`, file, 0)), 'content')
  reader.close()
})

test('without any descriptor, a read fails, and is tried once more only', async (t) => {
  const open = t.mock.method(promises, 'open', () => {
    if (open.mock.callCount() > 9) throw new Error('tried without end')
    const error = { code: 'EMFILE', errno: -24, syscall: 'open' }
    return Promise.reject(Object.assign(new Error('no more'), error))
  })
  importMocks(t)
  const path = join(makeScratch(t, { file: 'content' }), 'file')
  const file = { absolutePath: path, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }
  await assert.rejects(new FileReader().load('file', file, 0), /file: too many files are open$/)
  assert.equal(open.mock.callCount(), 2)
})

test('bytes that a peer has not read yet stay as they are; then others get their memory', async (t) => {
  const chunks = Array.from({ length: 160 }, (_, n) => Buffer.alloc(256 * 1024, n))
  const path = join(makeScratch(t, { file: Buffer.concat(chunks) }), 'file')
  const file = { absolutePath: path, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }
  const reader = new FileReader()
  t.after(() => {
    reader.close()
  })
  const unread = await reader.load('file', file, 0)
  reader.memory.retain(unread.buffer)
  for (const n of chunks.keys()) await reader.load('file', file, n)
  assert.equal(reader.peek('file', 0), undefined)
  assert.deepEqual(unread, chunks[0])
  reader.memory.release(unread.buffer)
  const next = await reader.load('file', file, 0)
  assert.equal(next.buffer, unread.buffer)
  assert.deepEqual(next, chunks[0])
})

test('of files, 32 MiB that were read last stay in memory', async (t) => {
  const path = join(makeScratch(t, { file: '' }), 'file')
  truncateSync(path, 33 * 2 ** 20)
  const file = { absolutePath: path, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }
  const reader = new FileReader()
  t.after(() => {
    reader.close()
  })
  for (let at = 0; at < 128; at++) await reader.load('file', file, at)
  assert.ok(reader.peek('file', 0))
  await reader.load('file', file, 128)
  const isThere = (at: number) => reader.peek('file', at) !== undefined
  assert.deepEqual([isThere(0), isThere(1), isThere(2)], [true, false, true])
})

test('of pieces that were read from servers, 128 MiB stay in memory', async (t) => {
  const reader = new FileReader()
  t.after(() => {
    reader.close()
  })
  const load = (name: string, size: number) => {
    return reader.loadPiece(name, size, (see) => {
      see(Buffer.alloc(size))
      return Promise.resolve()
    })
  }
  for (let n = 0; n < 16; n++) await load(`${n}`, 8 * 2 ** 20)
  assert.ok(reader.peek('0', 0))
  await load('16', 256 * 1024)
  // One chunk gives way: the first was asked for just now
  const isThere = (at: number) => reader.peek('0', at) !== undefined
  assert.deepEqual([isThere(0), isThere(1), isThere(2)], [true, false, true])
})
