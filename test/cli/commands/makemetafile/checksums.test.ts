import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Io } from '../../../../src/cli/io.js'
import { quickFirst } from '../../../support/long.js'
import { unlessInstalled } from '../../../support/peers.js'
import { aheadOfFiles } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

const ALL = '--checksums=sha256,sha512,sha384,sha224,sha1,md5,blake2b'

/** The programs that check lists. */
const PROGRAMS = {
  sha256: 'sha256sum',
  sha512: 'sha512sum',
  sha384: 'sha384sum',
  sha224: 'sha224sum',
  sha1: 'sha1sum',
  md5: 'md5sum',
  blake2b: 'b2sum',
}

/** A tree with odd names, and what makemetafile does with it. */
function makeTree(t: TestContext) {
  const directory = makeScratch(t, {
    'tree/empty': '',
    'tree/large': pseudoRandom(3_000_000),
    'tree/sub/a b': 'x',
    'tree/sub/new\nline': 'y',
    'tree/sub/back\\slash': 'z',
    'tree/sub/return\r': 'w',
    'tree/ü': 'v',
  })
  const at = (name: string) => join(directory, name)
  const make = (args: readonly string[], world: Partial<Io> = {}) => {
    const command = ['makemetafile', at('tree'), TRACKER, '--quiet', ...args]
    return runBtkit(command, { now: aheadOfFiles, ...world })
  }
  const check = (name: keyof typeof PROGRAMS) => {
    const args = ['--check', '--strict', '--quiet', `tree.${name}`]
    return spawnSync(PROGRAMS[name], args, { cwd: directory, encoding: 'utf8' })
  }
  return { directory, at, make, check }
}

const testProgram = quickFirst(2)

for (const [name, program] of Object.entries(PROGRAMS)) {
  testProgram(
    `${program} checks the list of ${name} checksums`,
    unlessInstalled(program),
    async (t) => {
      const { at, make, check } = makeTree(t)
      assert.deepEqual((await make([ALL])).status, 0)
      const list = `tree.${name as keyof typeof PROGRAMS}`
      const own = spawnSync(
        'sh',
        ['-c', `find tree -type f -exec ${program} {} + | LC_ALL=C sort`],
        {
          cwd: at('.'),
          encoding: 'utf8',
        },
      ).stdout
      const ours = readFileSync(at(list), 'utf8').split(/(?<=\n)/)
      assert.equal(
        ours.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).join(''),
        own,
      )
      assert.deepEqual(check(name as keyof typeof PROGRAMS).stderr, '')
      appendFileSync(at('tree/large'), 'x')
      assert.match(check(name as keyof typeof PROGRAMS).stdout, /tree\/large: FAILED/)
    },
  )
}

test('a list of a single file names it, and is beside the torrent', async (t) => {
  const { make, at } = makeWorkplace(t)
  const { stdout } = await make(['--checksums', 'md5', '--name', 'b.iso', '-o', at('c.torrent')])
  assert.equal(readFileSync(at('b.iso.md5'), 'utf8'), '5d41402abc4b2a76b9719d911017c592  b.iso\n')
  assert.ok(stdout.endsWith(`wrote ${at('b.iso.md5')}\n`), stdout)
})

test('checksums change no info hash', async (t) => {
  const { make, at } = makeWorkplace(t)
  const plain = parseJson(await make(['--json']))
  const { infoHash, checksums } = parseJson(await make(['--json', ALL]))
  assert.equal(infoHash, plain['infoHash'])
  assert.deepEqual(
    checksums,
    Object.keys(PROGRAMS).map((name) => at(`a.iso.${name}`)),
  )
})

test('unchanged files are not read again', async (t) => {
  const { at, make } = makeTree(t)
  const env = { BTKIT_CACHE_DIR: makeScratch(t) }
  await make([ALL], { env })
  const lists = () => Object.keys(PROGRAMS).map((name) => readFileSync(at(`tree.${name}`), 'utf8'))
  const before = lists()
  // Nothing that is read now could be read: a rate of a byte a second
  await make([ALL, '--max-rate', '1'], { env })
  assert.deepEqual(lists(), before)
  writeFileSync(at('tree/empty'), 'now')
  await make([ALL, '--force'], { env, now: () => Date.now() + 1e6 })
  assert.notDeepEqual(lists(), before)
})

test('stored links and pad files have no checksum', async (t) => {
  const { at, make } = makeTree(t)
  symlinkSync('large', at('tree/link'))
  await make(['--checksums', 'sha1', '--symlinks', 'store', '--pad-files'])
  const list = readFileSync(at('tree.sha1'), 'utf8')
  assert.ok(!list.includes('link') && !list.includes('.pad') && list.includes('tree/large'))
})

test('lists inside the directory are not part of its torrent', async (t) => {
  const { at, make } = makeTree(t)
  const hash = async () => {
    const args = ['-o', at('tree'), '--checksums', 'sha256', '--json']
    return parseJson(await make(args))['infoHash']
  }
  const first = await hash()
  assert.ok(existsSync(at('tree/tree.sha256')))
  assert.equal(await hash(), first)
})

test('a file that is not a list is not replaced without --force', async (t) => {
  const { make, at } = makeWorkplace(t)
  writeFileSync(at('a.iso.sha256'), 'mine')
  assertError(await make(['--checksums', 'sha256']), 'exists', at('a.iso.sha256'))
  assert.ok(!existsSync(at('a.iso.torrent')))
  assert.equal((await make(['--checksums', 'sha256', '--force'])).status, 0)
  assert.equal((await make(['--checksums', 'sha256'])).status, 0)
})

test('a dry run writes no list, and says that it would', async (t) => {
  const { make, at } = makeWorkplace(t)
  const { stdout } = await make(['--checksums', 'sha1', '--dry-run'])
  assert.ok(stdout.endsWith(`would write ${at('a.iso.sha1')}\n`), stdout)
  assert.ok(!existsSync(at('a.iso.sha1')))
})

for (const [args, message] of [
  [
    ['--checksums', 'sha256,crc32'],
    "--checksums 'sha256,crc32': use names of sha256, sha512, sha384, sha224, sha1, md5, blake2b",
  ],
  [
    ['--checksums', 'md5', '-o', '-'],
    '--checksums and --output - cannot be used together: lists are written beside the torrent',
  ],
] as const) {
  test(`${args.join(' ')} is wrong usage`, async (t) => {
    assertError(await makeWorkplace(t).make(args), 'usage', message)
  })
}
