import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { besiege, SINGLE } from './siege.js'

const files = {
  '.well-known/x': 'hidden',
  '.htpasswd': 'hidden',
  'yum/.git/config': 'hidden',
  'yum/.hidden': 'hidden',
  'yum/..odd': 'hidden',
}

const HIDDEN = [...Object.keys(files).map((path) => `/${path}`), '/%2ewell-known/x']

const PATTERNS = [
  '/.*',
  '/.well-known/*',
  '/*/.h*',
  '/yum/.hidde?',
  '/yum/?hidden',
  '/yum/[.]hidden',
  '/yum/[!a]hidden',
  '/yum/[+-9]hidden',
  '/yum/*hidden',
  '/*/*/config',
  '/yum/%2eh*',
]

test('refuses hidden files', async (t) => {
  await besiege(t, { files }, async ({ get, post, checkRefused }) => {
    for (const path of HIDDEN) {
      checkRefused(await get(path), 404)
      checkRefused(await get(SINGLE + path), 404)
      checkRefused(await post([path]), 404)
    }
  })
})

test('patterns do not match hidden files', async (t) => {
  await besiege(t, { files }, async ({ get, post, checkRefused }) => {
    for (const pattern of PATTERNS) {
      checkRefused(await get(SINGLE + pattern), 404)
      checkRefused(await post([pattern]), 404)
    }
  })
})

test('answers for hidden files exactly as for missing ones', async (t) => {
  await besiege(t, { files }, async ({ get }) => {
    const there = await get('/yum/.hidden')
    const nowhere = await get('/yum/.absent')
    assert.equal(there.status, nowhere.status)
    assert.equal(there.body.replace('hidden', 'absent'), nowhere.body)
  })
})

test('publishes hidden files with --hidden', async (t) => {
  await besiege(t, { files, args: ['--hidden'] }, async ({ get, post }) => {
    for (const path of HIDDEN) {
      assert.equal((await get(path)).body, 'hidden', path)
      assert.equal((await get(SINGLE + path)).status, 200, path)
    }
    assert.equal((await post(['/yum/.hidden'])).status, 200)
  })
})

test('matches hidden files only by a dot, even with --hidden', async (t) => {
  await besiege(t, { files, args: ['--hidden'] }, async ({ get }) => {
    const nameOf = async (pattern: string) => {
      const { body } = await get(SINGLE + pattern)
      return decodeTorrent(Buffer.from(body, 'latin1')).info['name']
    }
    assert.equal(await nameOf('/yum/*'), 'good.rpm')
    assert.equal(await nameOf('/yum/.h*'), '.hidden')
  })
})
