import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { longTest } from '../support/long.js'
import { findPeer, unlessInstalled } from '../support/peers.js'
import { makeScratch, type Files } from '../support/scratch.js'
import { readBlocks } from './blocks.js'
import { runGuide } from './run-guide.js'

const GUIDES = ['README.md', ...readdirSync('docs').filter((name) => name.endsWith('.md'))].map(
  (name) => (name === 'README.md' ? name : join('docs', name)),
)

/** A release at a web server, with its list. */
const RELEASED = {
  'tool-1.0-arm64.tar.gz': noise('arm64', 400_000),
  'tool-1.0-x86_64.tar.gz': noise('x86_64', 500_000),
}
const RELEASE: Files = {
  ...Object.fromEntries(
    Object.entries(RELEASED).map(([name, bytes]) => [`srv/cdn/1.0/${name}`, bytes]),
  ),
  'srv/cdn/1.0/SHA256SUMS': Object.entries(RELEASED)
    .map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`)
    .join(''),
}

/** The files on the machine of the guides. */
const TREE: Files = {
  'home/image.iso': noise('image.iso', 1_500_000),
  'home/release/bin/tool': noise('tool', 40_000),
  'home/release/tool-2.0.tar.gz': noise('tool-2.0', 700_000),
  'home/release/README': 'Unpack tool-2.0.tar.gz.\n',
  'srv/files/image.iso': noise('image.iso', 1_500_000),
  'srv/files/release/tool-2.0.tar.gz': noise('tool-2.0', 700_000),
  'srv/files/release/README': 'Unpack tool-2.0.tar.gz.\n',
  'srv/mirror/README.md': '# Example mirror\n',
  'srv/mirror/iso/image.iso': noise('image.iso', 1_500_000),
  'srv/mirror/iso/image-arm64.iso': noise('image-arm64.iso', 1_200_000),
  'srv/mirror/yum/7/a.rpm': noise('a.rpm', 300_000),
  'srv/mirror/yum/7/b.rpm': noise('b.rpm', 200_000),
  'srv/torrents/.keep': '',
  ...RELEASE,
  'var/lib/torrent_service/trackers': 'http://tracker.example.org/announce\n',
}
/** 2026-11-01, so that no file looks as if it were still written. */
const WRITTEN = 1_793_491_200

/** The documents that a newcomer opens first. Their commands run with each change. */
const FIRST = ['README.md', join('docs', 'start.md')]

for (const guide of GUIDES) {
  const declare = FIRST.includes(guide) ? test : longTest
  const blocks = readBlocks(readFileSync(guide, 'utf8'))
  const steps = blocks
    .filter(({ notRun, needs }) => notRun === null && needs.every((name) => findPeer(name)))
    .flatMap((block) => block.steps)
  declare(`the commands of ${guide} do what it says`, unlessInstalled('curl'), async (t) => {
    const scratch = makeScratch(t, TREE)
    for (const path of Object.keys(TREE)) utimesSync(join(scratch, path), WRITTEN, WRITTEN)
    assert.deepEqual(await runGuide(steps, scratch), [])
  })
}

test('each command of a block is a step of its own, also after a text or a command of several lines', () => {
  const guide = [
    '```sh',
    'btkit completedir TRACKER DIR \\',
    '  --prune',
    "cat > script <<'END'",
    'btkit magnet *.torrent |',
    'sort \\',
    '-u',
    'END',
    'bash script |',
    'sort',
    'btkit status',
    '```',
  ].join('\n')
  assert.deepEqual(
    readBlocks(`${guide}\n`)[0]?.steps.map(({ line, command }) => [
      line,
      command.split('\n').length,
    ]),
    [
      [2, 2],
      [4, 5],
      [9, 2],
      [11, 1],
    ],
  )
})

test('a guide names its reader in its first line', () => {
  for (const guide of GUIDES.filter((name) => name !== 'README.md')) {
    const [, , first = ''] = readFileSync(guide, 'utf8').split('\n')
    assert.match(first, /^For /, guide)
  }
})

/** Bytes that look like those of a compressed file, and are always the same. */
function noise(name: string, size: number): Buffer {
  const block = createHash('sha512').update(name).digest()
  return Buffer.alloc(size, block)
}
