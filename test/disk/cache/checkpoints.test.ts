import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from '../../support/programs.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'

test('a process that has nothing else to do waits for the thread that moves a log', async (t) => {
  const root = makeScratch(t)
  // The thread fails, after a while
  plantSparse(root, 'cache-wal', 9 * 2 ** 20)
  const module = new URL('../../../src/disk/cache/checkpoints.js', import.meta.url).href
  const code = `
    import { Checkpoints } from ${JSON.stringify(module)}
    const checkpoints = new Checkpoints(${JSON.stringify(`${root}/cache`)}, { exec: () => undefined })
    checkpoints.look()
    await checkpoints.end()
    console.log('ended')`
  const { status, stdout } = await runProgram(process.execPath, ['--input-type=module', '-e', code])
  assert.deepEqual([status, stdout], [0, 'ended\n'])
})
