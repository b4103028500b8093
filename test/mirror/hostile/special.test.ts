import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { NO_LISTINGS, besiege, SINGLE } from './siege.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no such files here' }

const plantPipe = (root: string) => {
  execFileSync('mkfifo', [join(root, 'yum/pipe')])
  symlinkSync('pipe', join(root, 'yum/to-pipe'))
}

test('refuses named pipes at once, without waiting for a writer', unlessPosix, async (t) => {
  await besiege(t, { plant: plantPipe }, async ({ get, post, checkRefused }) => {
    for (const path of ['/yum/pipe', '/yum/to-pipe']) {
      checkRefused(await get(path), 403, 404)
      checkRefused(await get(SINGLE + path), 403, 404)
      checkRefused(await post([path, '/yum/good.rpm']), 403, 404)
    }
    checkRefused(await get(`${SINGLE}/yum/p*`), 403, 404)
  })
})

test('patterns leave out named pipes', unlessPosix, async (t) => {
  await besiege(t, { plant: plantPipe }, async ({ get }) => {
    const { status, body } = await get(`${SINGLE}/yum/*`)
    assert.equal(status, 200)
    assert.equal(decodeTorrent(Buffer.from(body, 'latin1')).info['name'], 'good.rpm')
  })
})

test('refuses devices, even if links may lead to them', unlessPosix, async (t) => {
  const plant = (root: string) => {
    for (const device of ['zero', 'null', 'tty']) {
      symlinkSync(`/dev/${device}`, join(root, `yum/${device}`))
    }
    symlinkSync('/dev', join(root, 'dev'))
  }
  for (const args of [[], ['--follow-symlinks']]) {
    await besiege(t, { args, plant }, async ({ get, post, checkRefused }) => {
      for (const path of ['/yum/zero', '/yum/null', '/yum/tty', '/dev/zero', '/dev/full']) {
        checkRefused(await get(path), 403, 404)
        checkRefused(await get(SINGLE + path), 403, 404)
        checkRefused(await post([path]), 403, 404)
      }
      checkRefused(await get(`${SINGLE}/yum/z*`), 403, 404)
    })
  }
})

test('refuses sockets', unlessPosix, async (t) => {
  const server = createServer()
  t.after(() => server.close())
  const plant = (root: string) => {
    return new Promise<void>((resolve) => server.listen(join(root, 'yum/socket'), resolve))
  }
  await besiege(t, { plant }, async ({ get, post, checkRefused }) => {
    checkRefused(await get('/yum/socket'), 403, 404)
    checkRefused(await get(`${SINGLE}/yum/socket`), 403, 404)
    checkRefused(await get(`${SINGLE}/yum/s*t`), 403, 404)
    checkRefused(await post(['/yum/socket']), 403, 404)
  })
})

test('refuses directories in every form', async (t) => {
  const files = { 'yum/directory.rpm/file': 'x' }
  await besiege(t, { files, args: NO_LISTINGS }, async ({ get, post, checkRefused }) => {
    for (const path of ['/yum/directory.rpm', '/yum/directory.rpm/', '/yum/d*', '/*']) {
      checkRefused(await get(SINGLE + path), 403, 404)
      checkRefused(await post([path]), 403, 404)
    }
    checkRefused(await get('/yum/directory.rpm'), 403, 404)
  })
})

test("shows nothing of the system's files about processes", async (t) => {
  const plant = (root: string) => {
    symlinkSync('/proc', join(root, 'proc'))
  }
  await besiege(t, { plant }, async ({ get, checkRefused }) => {
    for (const name of ['environ', 'mem', 'root/etc/passwd', 'fd/0', 'cwd/package.json']) {
      checkRefused(await get(`/proc/self/${name}`), 403, 404)
      checkRefused(await get(`${SINGLE}/proc/self/${name}`), 403, 404)
    }
  })
})
