import assert from 'node:assert/strict'
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

test('a directory swapped with a link while it is listed shows no name from outside', async (t) => {
  const outside = makeScratch(t, { 'secret.txt': 'x' })
  const root = makeScratch(t, { 'swapped/inside.txt': 'x' })
  const { port } = await serveMirror(t, { root, args: ['--log', 'off'] })
  const path = join(root, 'swapped')
  let isOver = false
  const swap = async () => {
    while (!isOver) {
      renameSync(path, `${path}-aside`)
      symlinkSync(outside, path)
      await setImmediate()
      rmSync(path)
      renameSync(`${path}-aside`, path)
      await setTimeout(2)
    }
  }
  const swapping = swap()
  const bodies: string[] = []
  for (let n = 0; n < 150; n += 1) bodies.push((await ask(port, '/swapped/?json')).body.toString())
  isOver = true
  await swapping
  assert.ok(bodies.some((body) => body.includes('inside.txt')))
  assert.ok(!bodies.some((body) => body.includes('secret.txt')))
})
