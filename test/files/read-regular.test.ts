import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../src/errors.js'
import { readRegular } from '../../src/files/read-regular.js'
import { makeScratch } from '../support/scratch.js'

const text = (file: { readonly bytes: Uint8Array } | null) =>
  file && String(Buffer.from(file.bytes))

test('a file is read, also by a link, and not again while it is the same', async (t) => {
  const path = join(makeScratch(t, { file: 'content', empty: '' }), 'file')
  symlinkSync('file', `${path}-link`)
  const file = await readRegular(path, 7, null)
  assert.equal(text(file), 'content')
  assert.equal(text(await readRegular(`${path}-link`, 7, null)), 'content')
  assert.equal(await readRegular(path, 7, file?.state ?? null), null)
  writeFileSync(path, 'other')
  assert.equal(text(await readRegular(path, 7, file?.state ?? null)), 'other')
})

test('an empty file is read as well', async (t) => {
  const path = join(makeScratch(t, { empty: '' }), 'empty')
  assert.equal(text(await readRegular(path, 0, null)), '')
})

for (const [what, code, make] of [
  [
    'a file that is too long',
    'too-large',
    (path: string) => {
      writeFileSync(path, '12345678')
    },
  ],
  ['a pipe', 'io', (path: string) => execFileSync('mkfifo', [path])],
  [
    'a device',
    'io',
    (path: string) => {
      symlinkSync('/dev/zero', path)
    },
  ],
  ['a directory', 'io', (path: string) => execFileSync('mkdir', [path])],
  ['nothing', 'not-found', () => undefined],
] as const) {
  const skip = process.platform === 'win32' && 'no such files here'
  test(`${what} is an error that names the path`, { skip }, async (t) => {
    const path = join(makeScratch(t), 'file')
    make(path)
    await assert.rejects(readRegular(path, 7, null), (error: unknown) => {
      assert.ok(error instanceof BtkitError)
      assert.equal(error.code, code)
      return error.message.startsWith(`${path}: `)
    })
  })
}
