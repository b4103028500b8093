import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { hashContent } from '../../../src/core/digests/hash-content.js'
import { BtkitError } from '../../../src/errors.js'
import type { ScannedFile } from '../../../src/files/scan/scanned-tree.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { singleContent } from '../../../src/mirror/pkgtorrent/set.js'
import { MirrorView } from '../../../src/mirror/tree/mirror.js'
import { openInside } from '../../../src/mirror/tree/open-inside.js'
import { Refusal } from '../../../src/server/answers/refusal.js'
import { hashContext } from '../../core/requests.js'
import { openFiles } from '../../support/when-open.js'
import { makeScratch } from '../../support/scratch.js'

const PATH = ['directory', 'file']
const unlessPosix = { skip: process.platform === 'win32' && 'no such files here' }

/** A file that was looked up, with its mirror and the files beside it. */
async function lookedAt(t: TestContext, followSymlinks = false) {
  const root = makeScratch(t, { 'directory/file': 'public' })
  const outside = makeScratch(t, { file: 'secret' })
  const mirror = { root, hidden: false, followSymlinks }
  const file = await new MirrorView(mirror).file(PATH)
  return { ...{ root, outside, mirror, file }, path: join(root, ...PATH) }
}

type LookedAt = Awaited<ReturnType<typeof lookedAt>>

/** Hashes a file as the service does. */
function hash(file: ScannedFile) {
  const content = singleContent(file, { version: 'v1', pieceLength: pieceLengthOf(20) })
  return hashContent(content, { ...hashContext(), isGuarded: true })
}

function isUnreadable(error: unknown): boolean {
  return error instanceof BtkitError && ['changed', 'not-found', 'io'].includes(error.code)
}

/** Makes sure that a file is neither sent nor hashed. */
async function checkRefused({ file, mirror, root, outside }: LookedAt): Promise<void> {
  const isRefusal = (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.ok(['not-found', 'not-permitted'].includes(error.code), error.code)
    assert.ok(!error.message.includes(root) && !error.message.includes(outside))
    return true
  }
  await assert.rejects(openInside(file, mirror), isRefusal)
  await assert.rejects(hash(file), isUnreadable)
  const open = openFiles('self')
  assert.ok(!open.some((path) => path.startsWith(root) || path.startsWith(outside)), 'all closed')
}

test('opens a file that is unchanged since it was looked up', async (t) => {
  const { file, mirror } = await lookedAt(t)
  const { handle, fingerprint } = await openInside(file, mirror)
  t.after(() => handle.close())
  assert.equal((await handle.readFile()).toString(), 'public')
  assert.deepEqual(fingerprint, file.fingerprint)
  assert.equal((await hash(file)).bytesHashed, 6)
})

/** Changes of a file after it was looked up. */
const CHANGES: Record<string, (looked: LookedAt) => unknown> = {
  'became a link to outside': ({ path, outside }) => {
    rmSync(path)
    symlinkSync(join(outside, 'file'), path)
  },
  'is in a directory that became a link to outside': ({ root, outside }) => {
    renameSync(join(root, 'directory'), join(root, 'moved'))
    symlinkSync(outside, join(root, 'directory'))
  },
  // Its real path was looked up
  'became a link within the root': ({ path, root }) => {
    renameSync(path, join(root, 'moved'))
    symlinkSync('../moved', path)
  },
  'became a link to itself': ({ path }) => {
    rmSync(path)
    symlinkSync('file', path)
  },
  'became a pipe, without waiting for it': ({ path }) => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  },
  'became a directory': ({ path }) => {
    rmSync(path)
    mkdirSync(path)
  },
  'was removed': ({ path }) => {
    rmSync(path)
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`refuses a file that ${what}`, unlessPosix, async (t) => {
    const looked = await lookedAt(t)
    change(looked)
    await checkRefused(looked)
  })
}

test('refuses a file that became a socket', unlessPosix, async (t) => {
  const looked = await lookedAt(t)
  rmSync(looked.path)
  const server = createServer()
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(looked.path, resolve))
  await checkRefused(looked)
})

test('refuses a file that became a device, even if links are followed', unlessPosix, async (t) => {
  const looked = await lookedAt(t, true)
  // The target of its path is opened, however the path is written
  await checkRefused({ ...looked, file: { ...looked.file, absolutePath: '/dev/zero' } })
})

test('does not hash a file that was replaced since it was looked up', async (t) => {
  const { file, path } = await lookedAt(t)
  rmSync(path)
  writeFileSync(path, 'PUBLIC')
  await assert.rejects(hash(file), isUnreadable)
})

test('returns the current state of an open file, not its earlier one', async (t) => {
  const { file, mirror, path } = await lookedAt(t)
  writeFileSync(path, 'longer than before')
  const { handle, fingerprint } = await openInside(file, mirror)
  await handle.close()
  assert.equal(fingerprint.size, 18)
})

test('opens a file behind a directory that leads outside if links are followed', async (t) => {
  const { file, mirror, root, outside } = await lookedAt(t, true)
  renameSync(join(root, 'directory'), join(root, 'moved'))
  symlinkSync(outside, join(root, 'directory'))
  const { handle } = await openInside(file, mirror)
  t.after(() => handle.close())
  assert.equal((await handle.readFile()).toString(), 'secret')
})
