import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { PathSets } from '../../../src/mirror/torrents/path-sets.js'
import { refused } from '../refused.js'

test('the paths of a form are its fields p, as many as may be', async () => {
  const [options, none] = [{ limits: { maxPaths: 2 } } as never, null as never]
  const sets = new PathSets(options, none, none, none)
  const digest = createHash('sha1').update('a b\nc/d').digest('hex')
  const post = (form: string) => sets.posted(Buffer.from(form), digest, none)
  assert.deepEqual((await post('q=x&p=a+b&p=c%2Fd')).paths, ['a b', 'c/d'])
  await assert.rejects(post('p=a&p=b&p=c'), refused('too-large', /more than 2 paths/))
})
