import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { plantFiles } from '../../support/scratch.js'
import { NO_LISTINGS, besiege, SECRET, SINGLE } from './siege.js'

/** Links of all kinds to the secret outside. */
function plantLinks(root: string, outside: string): void {
  const link = (target: string, name: string) => {
    symlinkSync(target, join(root, name))
  }
  link(join(outside, 'secret.txt'), 'yum/file-out')
  link(`../../${basename(outside)}/secret.txt`, 'yum/relative-out')
  link('file-out', 'yum/chain')
  link(outside, 'yum/dir-out')
  mkdirSync(join(root, 'deep'))
  link('../yum/dir-out', 'deep/chain')
  link('/proc/self/environ', 'yum/environ')
  link('/', 'everything')
}

const LEADING_OUT = [
  '/yum/file-out',
  '/yum/relative-out',
  '/yum/chain',
  '/yum/dir-out/secret.txt',
  '/deep/chain/secret.txt',
  '/yum/environ',
  '/everything/etc/passwd',
]

const PATTERNS_LEADING_OUT = ['/yum/f*-out', '/yum/dir-out/*', '/*/*/secret.txt', '/ever*/etc/p*d']

test('refuses targets of links out of the root', async (t) => {
  await besiege(t, { plant: plantLinks }, async ({ get, post, checkRefused }) => {
    for (const path of LEADING_OUT) {
      checkRefused(await get(path), 404, 403)
      checkRefused(await get(SINGLE + path), 404, 403)
      checkRefused(await post([path]), 404, 403)
      checkRefused(await post(['/yum/good.rpm', path]), 404, 403)
    }
  })
})

test('patterns find nothing behind links out of the root', async (t) => {
  await besiege(t, { plant: plantLinks }, async ({ get, post, checkRefused }) => {
    for (const pattern of PATTERNS_LEADING_OUT) {
      checkRefused(await get(SINGLE + pattern), 404, 403)
      checkRefused(await post([pattern]), 404, 403)
    }
  })
})

test('patterns leave out links out of the root', async (t) => {
  await besiege(t, { plant: plantLinks }, async ({ get }) => {
    const { status, body } = await get(`${SINGLE}/yum/*`)
    assert.equal(status, 200)
    assert.equal(decodeTorrent(Buffer.from(body, 'latin1')).info['name'], 'good.rpm')
  })
})

test('refuses a link to the root itself, or to nothing', async (t) => {
  const plant = (root: string) => {
    symlinkSync(root, join(root, 'self'))
    symlinkSync('loop', join(root, 'loop'))
    symlinkSync('nowhere', join(root, 'dangling'))
  }
  await besiege(t, { plant, args: NO_LISTINGS }, async ({ get, checkRefused }) => {
    for (const path of ['/self', '/loop', '/dangling', '/loop/x']) {
      checkRefused(await get(path), 404)
      checkRefused(await get(SINGLE + path), 404)
    }
  })
})

test('refuses a link to a sibling whose name begins with that of the root', async (t) => {
  const plant = (root: string) => {
    plantFiles(`${root}-private`, { 'secret.txt': SECRET })
    t.after(() => {
      rmSync(`${root}-private`, { recursive: true })
    })
    symlinkSync(`${root}-private`, join(root, 'sibling'))
  }
  await besiege(t, { plant }, async ({ get, checkRefused }) => {
    checkRefused(await get('/sibling/secret.txt'), 404)
  })
})

test('follows links that stay inside the root', async (t) => {
  const plant = (root: string) => {
    symlinkSync('yum', join(root, 'latest'))
    symlinkSync('good.rpm', join(root, 'yum/link.rpm'))
    symlinkSync(join(root, 'yum/good.rpm'), join(root, 'absolute.rpm'))
  }
  await besiege(t, { plant }, async ({ get, post }) => {
    for (const path of ['/latest/good.rpm', '/yum/link.rpm', '/absolute.rpm']) {
      const { status, body } = await get(path)
      assert.deepEqual([status, body], [200, 'good'], path)
      assert.equal((await get(SINGLE + path)).status, 200)
    }
    assert.equal((await post(['/latest/good.rpm'])).status, 200)
  })
})

test('follows links out of the root with --follow-symlinks', async (t) => {
  const args = ['--follow-symlinks']
  await besiege(t, { args, plant: plantLinks }, async ({ get, post }) => {
    for (const path of ['/yum/file-out', '/yum/dir-out/secret.txt', '/deep/chain/secret.txt']) {
      const { status, body } = await get(path)
      assert.deepEqual([status, body], [200, SECRET], path)
      assert.equal((await get(SINGLE + path)).status, 200)
      assert.equal((await post([path])).status, 200)
    }
  })
})

test('refuses climbing even with --follow-symlinks', async (t) => {
  const args = ['--follow-symlinks']
  await besiege(t, { args, plant: plantLinks }, async ({ get, post, checkRefused }) => {
    for (const path of ['/yum/dir-out/../secret.txt', '/../secret.txt', '/%2e%2e/x']) {
      checkRefused(await get(path), 400)
      checkRefused(await get(SINGLE + path), 400)
      checkRefused(await post([path]), 400)
    }
  })
})
