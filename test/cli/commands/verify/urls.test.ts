import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { serveFiles, type FileServer } from '../../../support/file-server.js'
import { quickFirst } from '../../../support/long.js'
import { listenLocally } from '../../../support/listen.js'
import { withoutPauses } from '../../../support/pauses.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const MIB = 1024 * 1024
const FILES = {
  'dir/a b#1.bin': pseudoRandom(400_000, 1),
  'dir/empty': '',
  'dir/sub/ü%.bin': pseudoRandom(9 * MIB + 7, 2),
  'dir/z': 'z',
}

const VERSIONS: readonly (readonly string[])[] = [['--hybrid'], [], ['--pad-files'], ['--v2']]

/** Makes a torrent of a directory, or of a file in it, and serves the same files. */
async function plant(t: TestContext, source: string, args: readonly string[]) {
  const root = makeScratch(t, FILES)
  const torrent = join(root, 'x.torrent')
  const rest = ['--trackerless', '--target', torrent, '--piece-length', '32KiB', ...args]
  const made = await runBtkit(['makemetafile', join(root, source), ...rest])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  const server = await serveFiles(t, FILES)
  const verify = (more: readonly string[]) => runBtkit(['verify', torrent, ...more, '--no-cache'])
  return { root, torrent, server, verify }
}

/**
 * What both checks say of the same content without a cache, except how long it took and where it
 * is.
 */
async function reports(
  verify: (args: readonly string[]) => ReturnType<typeof runBtkit>,
  places: readonly string[],
) {
  const told = places.map(async (place) => {
    const result = await verify(['--data', place, '--json', '--no-cache'])
    const { seconds: _, files, ...report } = parseJson(result)
    return { status: result.status, report, files }
  })
  return Promise.all(told)
}

const testVersion = quickFirst(4)

for (const args of VERSIONS) {
  testVersion(`files on a server are whole ${args.join('')}`, async (t) => {
    const { root, server, verify } = await plant(t, 'dir', args)
    const [disk, web] = await reports(verify, [root, server.url])
    assert.deepEqual(web, disk)
    assert.equal(web!.status, 0)
    const gets = server.asked.filter((asked) => asked.startsWith('GET'))
    assert.equal(gets.length, 5, gets.join('\n'))
  })

  testVersion(
    `what is wrong on a server is what is wrong on a disk ${args.join('')}`,
    async (t) => {
      const { root, server, verify } = await plant(t, 'dir', args)
      const damaged = Buffer.from(FILES['dir/sub/ü%.bin'])
      damaged[100_000]! ^= 1
      damaged[damaged.length - 1]! ^= 1
      for (const bytes of [
        damaged,
        damaged.subarray(0, 200_000),
        Buffer.concat([damaged, damaged]),
      ]) {
        server.files.set('dir/sub/ü%.bin', bytes)
        writeFileSync(join(root, 'dir/sub/ü%.bin'), bytes)
        const [disk, web] = await reports(verify, [root, server.url])
        assert.deepEqual(web, disk)
        assert.equal(web!.status, 1)
      }
    },
  )
}

test('a single file is at the URL, or below it', async (t) => {
  const { server, verify } = await plant(t, 'dir/a b#1.bin', [])
  const base = `${server.url}/dir/`
  for (const args of [['--data', base], [base], ['--data', `${base}a%20b%231.bin`]]) {
    const { status, stdout } = await verify(args)
    assert.equal(status, 0, stdout)
  }
  server.answer = (_, response) => {
    response.setHeader('content-type', 'text/html')
    return false
  }
  const page = await verify([`${base}a%20b%231.bin`, '--json'])
  assert.match(page.stdout, /"unreadable"[^}]*a web page/)
  const missing = await verify([`${server.url}/nowhere`])
  assert.equal(missing.status, 1)
  assert.match(missing.stdout, /^missing +a b#1\.bin: not found: http:.*\/nowhere$/m)
})

test('several torrents are below one URL', async (t) => {
  const { root, server, torrent } = await plant(t, 'dir', [])
  const other = join(root, 'z.torrent')
  await runBtkit(['makemetafile', join(root, 'dir/z'), '--trackerless', '--target', other])
  server.files.set('z', Buffer.from('Z'))
  const { status, stdout } = await runBtkit(['verify', '--data', server.url, torrent, other])
  assert.equal(status, 1)
  assert.match(stdout, /^2 torrents: 1 whole, 1 not whole$/m)
})

test('only sizes are asked for without hashes', async (t) => {
  const { server, verify } = await plant(t, 'dir', [])
  server.files.set('dir/z', Buffer.from('zz'))
  const { stdout } = assertStatus(await verify(['--data', server.url, '--no-check-hashes']), 1)
  assert.match(stdout, /^long +z: 2 bytes, not 1$/m)
  assert.ok(server.asked.every((asked) => asked.startsWith('HEAD')))
})

test('a file that a server refuses is unreadable, and the others are checked', async (t) => {
  const { server, verify } = await plant(t, 'dir', ['--pad-files'])
  server.answer = ({ url, method }, response) => {
    const isRefused = url === '/dir/a%20b%231.bin' && method === 'GET'
    if (isRefused) response.writeHead(403).end()
    return isRefused
  }
  const result = await verify(['--data', server.url, '--json'])
  const files = parseJson(result)['files'] as { path: string; status: string; reason: string }[]
  assert.equal(result.status, 1)
  assert.deepEqual(
    files.map(({ path, status, reason }) => [path, status, reason]),
    [
      ['a b#1.bin', 'unreadable', 'HTTP status 403'],
      ['empty', 'ok', null],
      ['sub/ü%.bin', 'ok', null],
      ['z', 'ok', null],
    ],
  )
})

test('a server without ranges is read from the beginning', async (t) => {
  const { server, verify } = await plant(t, 'dir', [])
  server.answer = ({ url = '' }, response) => {
    const bytes = server.files.get(decodeURIComponent(url.slice(1)))!
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    return true
  }
  assert.equal((await verify(['--data', server.url])).status, 0)
})

test('a large file of a server without ranges is read once', async (t) => {
  const mib = Buffer.alloc(MIB)
  const [length, pieceLength] = [260 * MIB + 5, 4 * MIB]
  const sha1 = (bytes: number) => createHash('sha1').update(Buffer.alloc(bytes)).digest()
  const pieces = Buffer.concat([...Array<Buffer>(65).fill(sha1(pieceLength)), sha1(5)])
  const torrent = join(makeScratch(t), 'x.torrent')
  const info = { length, 'piece length': pieceLength, pieces }
  writeFileSync(torrent, torrentOf(singleFileInfo(info)))
  const server = await serveFiles(t, {})
  server.answer = ({ method }, response) => {
    response.writeHead(200, { 'content-length': length })
    const content = Array<Buffer>(260).fill(mib).concat(mib.subarray(0, 5))
    if (method === 'HEAD') response.end()
    else Readable.from(content).pipe(response)
    return true
  }
  const { status, stdout } = await runBtkit(['verify', torrent, '--data', `${server.url}/x`])
  assert.equal(status, 0, stdout)
  assert.equal(server.asked.filter((each) => each === 'GET /x').length, 1)
})

/** How servers answer that tell the size of no file. */
const UNTOLD: Readonly<Record<string, FileServer['answer']>> = {
  'HEAD without a length': ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(200, { 'transfer-encoding': 'chunked' }).end()
    return method === 'HEAD'
  },
  'a range of an unknown size': ({ method, headers }, response) => {
    if (method === 'HEAD') response.writeHead(405).end()
    const isAsked = headers.range === 'bytes=0-0'
    if (isAsked) response.writeHead(206, { 'content-range': 'bytes 0-0/*' }).end('x')
    return method === 'HEAD' || isAsked
  },
}

for (const [what, tell] of Object.entries(UNTOLD)) {
  test(`a server that tells no size is read to the end: ${what}`, async (t) => {
    const { server, verify } = await plant(t, 'dir', [])
    server.answer = (request, response) => {
      if (tell(request, response)) return true
      const bytes = server.files.get(decodeURIComponent(request.url!.slice(1)))!
      response.write(bytes)
      response.end()
      return true
    }
    const check = async () => {
      const result = await verify(['--data', server.url, '--json'])
      const files = parseJson(result)['files'] as { path: string; status: string }[]
      const odd = files.filter(({ status }) => status !== 'ok')
      return { code: result.status, odd: odd.map(({ path, status }) => `${path} ${status}`) }
    }
    assert.deepEqual(await check(), { code: 0, odd: [] })
    const cases = [
      ['dir/sub/ü%.bin', FILES['dir/sub/ü%.bin'].subarray(0, 300_000), 'unreadable'],
      ['dir/sub/ü%.bin', Buffer.concat([FILES['dir/sub/ü%.bin'], Buffer.from('more')]), 'changed'],
      ['dir/a b#1.bin', Buffer.alloc(0), 'unreadable'],
      ['dir/empty', Buffer.from('not empty'), 'unreadable'],
    ] as const
    for (const [path, bytes, status] of cases) {
      const whole = server.files.get(path)!
      server.files.set(path, bytes)
      const { code, odd } = await check()
      assert.equal(code, 1, path)
      assert.ok(odd.includes(`${path.slice(4)} ${status}`), `${path}: ${String(odd)}`)
      server.files.set(path, whole)
    }
    const sizes = await verify(['--data', server.url, '--no-check-hashes'])
    assert.equal(sizes.status, 1)
    assert.equal(
      sizes.stdout.match(/^unreadable .*: the server does not tell its size$/gm)?.length,
      4,
    )
  })
}

test('zeros at the end of a file that is not there are no content', async (t) => {
  const root = makeScratch(t, { zeros: Buffer.alloc(100_000) })
  const torrent = join(root, 'x.torrent')
  await runBtkit(['makemetafile', join(root, 'zeros'), '--trackerless', '--target', torrent])
  const server = await serveFiles(t, { zeros: '' })
  server.answer = (request, response) => {
    if (UNTOLD['HEAD without a length']!(request, response)) return true
    response.end()
    return true
  }
  const { status, stdout } = await runBtkit(['verify', torrent, '--data', server.url])
  assert.equal(status, 1, stdout)
  assert.match(stdout, /^unreadable +zeros: ended after 0 bytes of 100000/m)
})

test('a file that changes while it is read is reported as changed', async (t) => {
  const { server, verify } = await plant(t, 'dir', [])
  server.answer = ({ url, method }, response) => {
    if (url === '/dir/z' && method === 'GET') response.setHeader('etag', '"other"')
    if (url !== '/dir/z' || method !== 'GET') return false
    response.writeHead(206, { 'content-range': 'bytes 0-0/1' }).end('y')
    return true
  }
  const { stdout } = await verify(['--data', server.url])
  assert.match(stdout, /^changed +z: changed while it was read/m)
})

test('files of a server that is not there are unreadable', async (t) => {
  const { verify } = await plant(t, 'dir', [])
  const { stdout } = assertStatus(await verify(['--data', 'http://127.0.0.1:1']), 1)
  assert.equal(stdout.match(/^unreadable .*: nothing listens there/gm)?.length, 4, stdout)
})

test('a server that goes away is waited for once', async (t) => {
  const { torrent } = await plant(t, 'dir', [])
  const pauses = withoutPauses(t)
  const server = createServer(({ method, url = '' }, response) => {
    const { length } = FILES[decodeURIComponent(url.slice(1)) as keyof typeof FILES]
    const own = { 'content-length': length, 'accept-ranges': 'bytes', etag: '"1"' }
    response.writeHead(200, { ...own, connection: 'close' }).end()
    if (method === 'HEAD') return
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${await listenLocally(t, server)}`
  const { status, stdout } = await runBtkit(['verify', torrent, '--data', url, '--no-cache'])
  assert.equal(status, 1)
  assert.equal(stdout.match(/^unreadable .*: nothing listens there/gm)?.length, 3, stdout)
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000])
})

test('a server that goes away while sizes are asked is not asked for each file', async (t) => {
  const names = Array.from({ length: 100 }, (_, i) => `dir/f${i}`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  const torrent = join(root, 'x.torrent')
  await runBtkit(['makemetafile', join(root, 'dir'), '--trackerless', '--target', torrent])
  const server = await serveFiles(t, Object.fromEntries(names.map((name) => [name, name])))
  server.answer = (_, response) => {
    const isDown = server.asked.length > 8
    if (isDown) response.destroy()
    return isDown
  }
  const { status, stdout } = await runBtkit(['verify', torrent, '--data', server.url])
  assert.deepEqual([status, server.asked.length < 50], [1, true], `${server.asked.length}`)
  assert.match(stdout, /not whole: files: 92 unreadable/)
})

test('no server lists files that are extra', async (t) => {
  const { server, verify } = await plant(t, 'dir', [])
  assertError(await verify(['--data', server.url, '--extra']), 'usage', '--extra')
})

test('a query of the URL is in no message', async (t) => {
  const { server, verify } = await plant(t, 'dir/z', [])
  const { stdout, stderr } = await verify(['--data', `${server.url}/none?token=s3cret`])
  assert.doesNotMatch(stdout + stderr, /s3cret/)
})
