import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestText } from './raw.js'
import { NO_LISTINGS, besiege, SINGLE } from './siege.js'

const LONG_NAME = 'a'.repeat(300)
const LONG_PATH = 'a'.repeat(5000)
const DEEP_PATH = 'a/'.repeat(2500)

/** Paths that addresses and forms must refuse alike, with the expected status. */
const REFUSED: [what: string, status: number, paths: string[]][] = [
  ['dots', 400, ['/../secret.txt', '/yum/../../../etc/passwd', '/yum/..', '/./yum/good.rpm']],
  ['dots that lead back inside', 400, ['/yum/../yum/good.rpm', '/yum/./good.rpm']],
  [
    'encoded dots',
    400,
    ['/%2e%2e/%2E%2E/etc/passwd', '/yum/.%2e/yum/good.rpm', '/%2e/yum/good.rpm'],
  ],
  ['dots encoded twice', 404, ['/%252e%252e/etc/passwd', '/yum/%252e%252e/yum/good.rpm']],
  ['dots that are no dots', 404, ['/%ef%bc%8e%ef%bc%8e/etc/passwd', '/%e2%80%a5/etc/passwd']],
  [
    'backslashes',
    400,
    ['/yum\\good.rpm', '/yum%5cgood.rpm', '/..\\..\\etc\\passwd', '/%5c%5chost/c'],
  ],
  ['NUL', 400, ['/yum/good.rpm%00', '/yum/good.rpm%00.txt', '/%00']],
  ['NUL encoded twice', 404, ['/yum/good.rpm%2500']],
  ['absolute paths', 404, ['/etc/passwd', '//etc/passwd', '///etc/passwd', '//proc/self/environ']],
  ['broken percent-encoding', 400, ['/%', '/%2', '/%zz', '/yum/good.rpm%', '/%u002e%u002e/x']],
  ['invalid UTF-8', 400, ['/%ff', '/%c0%ae%c0%ae/etc/passwd', '/%ed%a0%80', '/yum/%e2%82']],
  ['names that no system knows', 404, [`/${LONG_NAME}`, `/yum/${LONG_NAME}/x`]],
  ['overlong paths', 400, [`/${LONG_PATH}`, `/${DEEP_PATH}x`, `/yum/${LONG_PATH}*`]],
  ['directories', 404, ['/yum', '/yum/', '/', '//']],
  ['what is below a file', 404, ['/yum/good.rpm/', '/yum/good.rpm/x', '/yum/good.rpm/*']],
]

for (const [what, status, paths] of REFUSED) {
  test(`refuses ${what} in addresses of files and torrents, and in forms`, async (t) => {
    await besiege(t, { args: NO_LISTINGS }, async ({ get, post, checkRefused }) => {
      for (const path of paths) {
        checkRefused(await get(path), status)
        checkRefused(await get(SINGLE + path), status)
        checkRefused(await post([path]), status)
        checkRefused(await post(['/yum/good.rpm', path]), status)
      }
    })
  })
}

test('refuses addresses without a path', async (t) => {
  await besiege(t, {}, async ({ get, ask, checkRefused }) => {
    const targets = ['*', '*?json', '*?torrent', '*/', '*/yum/', 'ftp://x/yum/', 'ws://x', 'x:/']
    for (const target of targets) {
      checkRefused(await get(target), 400)
      checkRefused(await ask(requestText(`POST ${target}`)), 400, 405)
    }
    const { status } = await get('http://mirror.example?json')
    assert.equal(status, 200)
  })
})

test('refuses encoded slashes in a name of an address', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    for (const path of ['/yum%2fgood.rpm', '/yum%2Fgood.rpm', '/..%2f..%2fetc/passwd', '/%2f']) {
      checkRefused(await get(path), 400)
      checkRefused(await get(SINGLE + path), 400)
    }
  })
})

test('a slash encoded twice is part of a name', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    checkRefused(await get('/yum%252fgood.rpm'), 404)
    checkRefused(await get(`${SINGLE}/yum%252fgood.rpm`), 404)
  })
})

test('refuses paths of a form that are not absolute', async (t) => {
  await besiege(t, {}, async ({ post, checkRefused }) => {
    for (const path of ['yum/good.rpm', '', '../yum/good.rpm', 'file:///etc/passwd', '~/x']) {
      checkRefused(await post([path]), 400)
    }
  })
})

test('refuses a newline in a path of a form, which would be two paths to the digest', async (t) => {
  await besiege(t, {}, async ({ post, checkRefused }) => {
    checkRefused(await post(['/yum/good.rpm%0a/yum/good.rpm']), 400)
  })
})

test('shows a path with control characters in one plain line', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    const odd = '/a%0d%0aSet-Cookie:%20x%1b[2J%e2%80%ae%c2%9b'
    for (const target of [odd, SINGLE + odd]) {
      const answer = await get(target)
      checkRefused(answer, 404)
      assert.equal(answer.headers.get('set-cookie'), undefined)
      assert.match(answer.body, /^[\x20-\x7e]+\n$/)
    }
  })
})

test('shows no control character of an address that cannot be decoded', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    for (const target of ['/\x9b2J%zz', '/%zz%0d%0ax', `${SINGLE}/\xe2\x80\xae%zz`]) {
      const answer = await get(target)
      checkRefused(answer, 400)
      assert.match(answer.body, /^[\x20-\x7e]+\n$/)
    }
  })
})

test('refuses addresses longer than headers may be', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    checkRefused(await get(`/${'a'.repeat(20_000)}`), 414, 431)
  })
})

for (const digest of [
  'x',
  'g'.repeat(40),
  'a'.repeat(41),
  '%2e%2e',
  '..',
  '%00',
  'a'.repeat(5000),
]) {
  test(`refuses ${digest.slice(0, 50)} as a digest`, async (t) => {
    await besiege(t, {}, async ({ ask, get, checkRefused }) => {
      const address = `/yum/torrent_service/digest/${digest}`
      checkRefused(await get(address), 400, 414)
      checkRefused(await ask(requestText(`POST ${address}`)), 400, 405, 414)
    })
  })
}

for (const name of ['1', 'a_b', '-1_0', '1e3_0', '0x10_0', '1_0_0', '..', '%2e%2e%2fx']) {
  test(`refuses ${name} as the name of a null file`, async (t) => {
    await besiege(t, {}, async ({ get, checkRefused }) => {
      checkRefused(await get(`/yum/torrent_service/nullfile/${name}`), 400)
    })
  })
}

test('refuses null files longer than a piece', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    for (const size of ['1048577', '9'.repeat(400)]) {
      checkRefused(await get(`/yum/torrent_service/nullfile/${size}_0`), 403)
    }
  })
})

const ABSOLUTE = 'http://mirror.example'

test('accepts an address with a host in front', async (t) => {
  const files = { 'mirror.example/yum/good.rpm': 'another' }
  await besiege(t, { files }, async ({ get }) => {
    const { status, body } = await get(`${ABSOLUTE}/yum/good.rpm`)
    assert.deepEqual([status, body], [200, 'good'])
    const torrent = await get(`${ABSOLUTE}${SINGLE}/yum/good.rpm`)
    assert.equal(torrent.headers.get('content-type'), 'application/x-bittorrent')
  })
})

test('refuses climbing paths in an address with a host in front', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    for (const path of ['/../../etc/passwd', '/%2e%2e/etc/passwd', `${SINGLE}/../etc/passwd`]) {
      checkRefused(await get(ABSOLUTE + path), 400)
    }
    checkRefused(await get('file:///etc/passwd'), 400, 404)
  })
})
