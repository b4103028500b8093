import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

const DOWN = 'scgi://127.0.0.1:1'

test('publish of nothing that is a torrent says so alone, and speaks to no client', async (t) => {
  const cwd = makeScratch(t, { 'a.iso': 'content' })
  const result = await runBtkit(['publish', join(cwd, 'a.iso'), '--client', DOWN, '--no-cache'], {
    cwd,
  })
  assert.equal(result.status, 1)
  assert.match(result.stderr, /^btkit: \S*a\.iso: not a torrent \(.*\)\n$/)
})

test('launchmany tells a file from a directory that is not there', async (t) => {
  const cwd = makeScratch(t, { 'a.torrent': '' })
  for (const [name, why] of [
    ['a.torrent', 'not a directory'],
    ['b', 'no such directory'],
  ]) {
    const result = await runBtkit(['launchmany', name!, '--client', DOWN, '--no-cache'], { cwd })
    assert.deepEqual([result.status, result.stderr], [1, `btkit: ${name}: ${why}\n`])
  }
})
