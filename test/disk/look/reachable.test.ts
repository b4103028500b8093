import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reachableDirectories } from '../../../src/disk/look/reachable.js'

test('a directory whose disk hangs is refused, and looked at only once until it answers', async () => {
  const asked: string[] = []
  const answer: (() => void)[] = []
  const look = (path: string) => {
    asked.push(path)
    return path === '/hangs' ? new Promise<void>((done) => answer.push(done)) : Promise.resolve()
  }
  const reachable = reachableDirectories(['/well', '/hangs'], { look, timeoutMs: 10 })
  const refusal = { code: 'busy', message: '/hangs: the disk does not answer; try again later' }
  await assert.rejects(reachable(), refusal)
  await assert.rejects(reachable(), refusal)
  assert.deepEqual(asked, ['/well', '/hangs', '/well'])
  for (const done of answer) done()
  await reachableDirectories(['/well'], { look, timeoutMs: 10 })()
})

test('a directory that is gone is reported by its page', async () => {
  await reachableDirectories(['/no/such/directory'])()
})
