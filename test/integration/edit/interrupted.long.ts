import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runExecutable, startCollecting } from '../../support/executable.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const OLD = 'http://old.example/announce'
const NEW = 'http://new.example/announce'
const COUNT = 2000
const names = Array.from({ length: COUNT }, (_, i) => `${i}.torrent`)

const made = new Map<string, Buffer>()

function content(name: string, announce: string): Buffer {
  const key = `${name} ${announce}`
  const known = made.get(key)
  if (known) return known
  const info = singleFileInfo({ name, filler: Buffer.alloc(8000, 'x') })
  const bytes = Buffer.from(torrentOf(info, { announce }))
  made.set(key, bytes)
  return bytes
}

/** A directory of torrents, and the list of their names. */
function plant(t: Parameters<typeof makeScratch>[0]): { root: string; list: string } {
  const root = makeScratch(t, {})
  plantFiles(root, Object.fromEntries(names.map((name) => [name, content(name, OLD)])))
  const list = join(makeScratch(t, { list: names.map((name) => `${name}\0`).join('') }), 'list')
  return { root, list }
}

/** How many torrents are new; every one must be either old or new, whole. */
function countNew(root: string): number {
  return names.filter((name) => {
    const bytes = readFileSync(join(root, name))
    const isNew = bytes.equals(content(name, NEW))
    assert.ok(isNew || bytes.equals(content(name, OLD)), `${name} is neither old nor new`)
    return isNew
  }).length
}

test('several thousand torrents are edited in one call', async (t) => {
  const { root, list } = plant(t)
  const args = [NEW, '--files-from', list]
  const { status, stdout, stderr } = await runExecutable('btreannounce', args, { cwd: root })
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(stdout, names.map((name) => `old announce for ${name}: ${OLD}\n`).join(''))
  assert.equal(countNew(root), COUNT)
  assert.equal(readdirSync(root).length, COUNT)
})

test('what a killed run left is gone after the next, and so is that of makemetafile', async (t) => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
  const left = `.x.torrent.${host}-${pid.toString(16)}-01234567.btkit-tmp`
  const root = makeScratch(t, { 'x.torrent': content('x', OLD), a: 'content' })
  for (const args of [
    ['reannounce', NEW, 'x.torrent'],
    ['makemetafile', 'a', NEW],
  ]) {
    plantFiles(root, { [left]: 'half a torrent' })
    const { status } = await runExecutable('btkit', args, { cwd: root })
    assert.deepEqual([status, readdirSync(root).includes(left)], [0, false], args[0])
  }
})

test('Ctrl-C stops between torrents, with status 130 and no draft left', async (t) => {
  const { root, list } = plant(t)
  const args = [NEW, '--files-from', list]
  const { child, ended } = startCollecting('btreannounce', args, { cwd: root })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGINT')
  const { status, stdout, stderr } = await ended
  const reported = stdout.split('\n').length - 1
  assert.equal(status, 130)
  const note = `btkit: stopped after ${reported} of ${COUNT} torrents\n`
  assert.equal(stderr, `${note}btkit: interrupted\n`)
  assert.equal(countNew(root), reported)
  assert.ok(reported < COUNT)
  assert.equal(readdirSync(root).length, COUNT)
})
