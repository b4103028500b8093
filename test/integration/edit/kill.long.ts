import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isTemporaryName } from '../../../src/files/temporary-name.js'
import { collect, runExecutable, startExecutable } from '../../support/executable.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { random } from '../../support/random.js'

const KILLS = 100
const COUNT = 1500
const names = Array.from({ length: COUNT }, (_, i) => `${i}.torrent`)
const announceOf = (turn: number) => `http://${turn}.example/announce`

function content(name: string, turn: number): Buffer {
  const info = singleFileInfo({ name, filler: Buffer.alloc(4000, 'x') })
  return Buffer.from(torrentOf(info, { announce: announceOf(turn) }))
}

test('a hundred kills of reannounce leave each torrent old or new, and those told of new', async (t) => {
  const root = makeScratch(t, {})
  plantFiles(root, Object.fromEntries(names.map((name) => [name, content(name, 0)])))
  const list = join(makeScratch(t, { list: names.map((name) => `${name}\0`).join('') }), 'list')
  let killed = 0
  for (let turn = 1; turn <= KILLS; turn++) {
    const args = [announceOf(turn), '--files-from', list]
    const child = startExecutable('btreannounce', args, { cwd: root })
    const ended = collect(child)
    await setTimeout(100 + random() * 500)
    child.kill('SIGKILL')
    const { signal, stdout } = await ended
    if (signal === 'SIGKILL') killed++
    const told = stdout.split('\n').length - 1
    for (const [i, name] of names.entries()) {
      const bytes = readFileSync(join(root, name))
      const isNew = bytes.equals(content(name, turn))
      assert.ok(isNew || bytes.equals(content(name, turn - 1)), `${name} is neither old nor new`)
      assert.ok(isNew || i >= told, `${name} was told of`)
    }
    const others = readdirSync(root).filter((name) => !names.includes(name))
    assert.ok(others.every(isTemporaryName), others.join())
    const { status } = await runExecutable('btreannounce', args, { cwd: root })
    assert.equal(status, 0)
    assert.equal(readdirSync(root).length, COUNT)
  }
  t.diagnostic(`${killed} of ${KILLS} kills before the end`)
  assert.ok(killed > 0)
})
