import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { rawRequest, requestText, type RawAnswer } from './raw.js'
import { hiddenFiles as files, HIDDEN, plantLinks, UNUSUAL_HOSTS } from './hostile-files.js'
import { besiege, digestAddress, postText, SECRET, SINGLE, type Siege } from './siege.js'

const DIGEST = digestAddress(['/yum/good.rpm'])
const TARGETS = ['/yum/good.rpm', '/yum', '/-/health', `${SINGLE}/yum/good.rpm`, DIGEST]
const TEXT = ['Host: mirror.example', 'Content-Type: text/plain', 'Content-Length: 3']

function torrentIn({ body }: RawAnswer) {
  return decodeTorrent(Buffer.from(body, 'latin1'))
}

function checkNotAllowed({ checkRefused }: Siege, answer: RawAnswer): void {
  checkRefused(answer, 405)
  const allowed = answer.headers.get('allow')?.split(/, */) ?? []
  assert.deepEqual(allowed.filter((method) => method !== 'POST').sort(), ['GET', 'HEAD'])
}

test('refuses other methods, and names the allowed ones', async (t) => {
  await besiege(t, {}, async (siege) => {
    const methods = ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK']
    for (const line of methods.flatMap((method) =>
      TARGETS.map((target) => `${method} ${target}`),
    )) {
      checkNotAllowed(siege, await siege.ask(requestText(line)))
      checkNotAllowed(siege, await siege.ask(requestText(line, TEXT, 'abc')))
    }
    for (const target of TARGETS.slice(0, -1)) {
      checkNotAllowed(siege, await siege.ask(requestText(`POST ${target}`)))
    }
    checkNotAllowed(siege, await siege.ask(requestText('OPTIONS *')))
    const { headers } = await siege.ask(requestText(`PUT ${DIGEST}`))
    assert.match(headers.get('allow') ?? '', /\bPOST\b/)
    const tunnel = await rawRequest(siege.port, requestText('CONNECT 127.0.0.1:22'))
    assert.doesNotMatch(tunnel, /^HTTP\/1\.1 2/)
  })
})

test('accepts chunked forms that are small enough, and Expect: 100-continue', async (t) => {
  await besiege(t, { limits: { maxBody: 1024 } }, async ({ ask, port }) => {
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const fields = ['Host: mirror.example', type, 'Transfer-Encoding: chunked']
    const chunks = '5\r\np=/yu\r\na\r\nm/good.rpm\r\n0\r\n\r\n'
    assert.equal((await ask(requestText(`POST ${DIGEST}`, fields, chunks))).status, 200)
    const expecting = postText(['/yum/good.rpm'], ['Expect: 100-continue'])
    const received = await rawRequest(port, expecting)
    assert.match(received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })
})

test('does not remember a refused set', async (t) => {
  await besiege(t, {}, async ({ ask, get, post, checkRefused }) => {
    const body = 'p=/yum/good.rpm&p=/yum/other.rpm'
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const fields = ['Host: mirror.example', type, `Content-Length: ${body.length}`]
    checkRefused(await ask(requestText(`POST ${DIGEST}`, fields, body)), 400)
    assert.equal((await get(DIGEST)).status, 412)
    const paths = ['/yum/good.rpm', '/yum/missing.rpm']
    checkRefused(await post(paths), 404)
    assert.equal((await get(digestAddress(paths))).status, 412)
  })
})

test('accepts patterns that match exactly as many files as they may', async (t) => {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`ten/${i}`, 'x']))
  await besiege(t, { limits: { maxMatches: 10 }, files: ten }, async ({ get, post }) => {
    assert.equal((await get(`${SINGLE}/ten/*`)).status, 200)
    assert.equal((await post(['/ten/[0-4]', '/ten/[5-9]'])).status, 200)
  })
})

test('shows no control character of an address', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    const odd = '/a%0d%0aSet-Cookie:%20x%1b[2J%e2%80%ae%c2%9b'
    const undecodable = ['/\x9b2J%zz', '/%zz%0d%0ax', `${SINGLE}/\xe2\x80\xae%zz`]
    for (const target of [odd, SINGLE + odd, ...undecodable]) {
      const answer = await get(target)
      checkRefused(answer, target.includes('%zz') ? 400 : 404)
      assert.equal(answer.headers.get('set-cookie'), undefined)
      assert.match(answer.body, /^[\x20-\x7e]+\n$/)
    }
  })
})

test('accepts an address with a host in front, even without a path', async (t) => {
  const beside = { 'mirror.example/yum/good.rpm': 'another' }
  await besiege(t, { files: beside }, async ({ get }) => {
    assert.equal((await get('http://mirror.example/yum/good.rpm')).body, 'good')
    const torrent = await get(`http://mirror.example${SINGLE}/yum/good.rpm`)
    assert.equal(torrent.headers.get('content-type'), 'application/x-bittorrent')
    assert.equal((await get('http://mirror.example?json')).status, 200)
  })
})

test('writes the Host into the torrent, whatever other headers a client sends', async (t) => {
  const evil = ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example;proto=https']
  const warns = /^btkit: warning: clients of the proxy at 127\.0\.0\.1 look like one client; .*\n$/
  await besiege(t, { warns }, async ({ ask }) => {
    for (const host of [
      'mirror.example',
      'm.example:8080',
      '10.0.0.1',
      '[2001:db8::1]:80',
      'a_b',
      'mirror.example:',
    ]) {
      const fields = [`Host: ${host}`, ...evil]
      const answer = await ask(requestText(`GET ${SINGLE}/yum/good.rpm`, fields))
      assert.deepEqual(torrentIn(answer)['url-list'], [`http://${host.replace(/:$/, '')}/yum/`])
    }
  })
})

test('with --public-url, accepts any Host that HTTP allows, and HTTP/1.0 without one', async (t) => {
  const args = ['--public-url', 'https://public.example/pub/']
  await besiege(t, { args }, async ({ ask }) => {
    const line = `GET ${SINGLE}/yum/good.rpm`
    const requests = UNUSUAL_HOSTS.map((host) => requestText(line, [`Host: ${host}`]))
    for (const request of [...requests, `${line} HTTP/1.0\r\n\r\n`]) {
      const answer = await ask(request)
      assert.deepEqual(torrentIn(answer)['url-list'], ['https://public.example/pub/yum/'], request)
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

test('publishes hidden files with --hidden, which only a dot of a pattern matches', async (t) => {
  await besiege(t, { files, args: ['--hidden'] }, async ({ get, post }) => {
    for (const path of HIDDEN) {
      assert.equal((await get(path)).body, 'hidden', path)
      assert.equal((await get(SINGLE + path)).status, 200, path)
    }
    assert.equal((await post(['/yum/.hidden'])).status, 200)
    for (const [pattern, name] of [
      ['/yum/*', 'good.rpm'],
      ['/yum/.h*', '.hidden'],
    ] as const) {
      assert.equal(torrentIn(await get(SINGLE + pattern)).info['name'], name)
    }
  })
})

test('patterns leave out pipes, devices and links out of the root', async (t) => {
  await besiege(t, { plant: plantLinks }, async ({ get }) => {
    assert.equal(torrentIn(await get(`${SINGLE}/yum/*`)).info['name'], 'good.rpm')
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
      assert.equal((await get(path)).body, 'good', path)
      assert.equal((await get(SINGLE + path)).status, 200)
    }
    assert.equal((await post(['/latest/good.rpm'])).status, 200)
  })
})

test('follows links out of the root with --follow-symlinks', async (t) => {
  const args = ['--follow-symlinks']
  await besiege(t, { args, plant: plantLinks }, async ({ get, post }) => {
    for (const path of ['/yum/file-out', '/yum/dir-out/secret.txt', '/deep/chain/secret.txt']) {
      assert.equal((await get(path)).body, SECRET, path)
      assert.equal((await get(SINGLE + path)).status, 200)
      assert.equal((await post([path])).status, 200)
    }
  })
})
