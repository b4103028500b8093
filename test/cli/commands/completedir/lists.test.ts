import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { type FileServer, serveFiles, tagOf } from '../../../support/file-server.js'
import { mockHttp } from '../../../support/mock-http.js'
import { withoutPauses } from '../../../support/pauses.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'
import type { Report } from '../../../support/mirror.js'

const SUMS = 'rel/SHA256SUMS'

const hex = (algorithm: string, bytes: Uint8Array) => {
  return createHash(algorithm).update(bytes).digest('hex')
}

/** A release at a server, and a directory for its torrents. */
class Release {
  /** The name of its list in the directory of the files. */
  list = 'SHA256SUMS'
  readonly out: string

  constructor(
    t: TestContext,
    readonly server: FileServer,
  ) {
    this.out = join(makeScratch(t, {}), 'out')
    server.answer = ({ headers, url = '' }, response) => {
      const bytes = server.files.get(decodeURIComponent(url.slice(1)))
      const isKnown = bytes !== undefined && headers['if-none-match'] === tagOf(bytes)
      if (isKnown) response.writeHead(304).end()
      return isKnown
    }
  }

  static async serve(t: TestContext, names: Readonly<Record<string, number>>): Promise<Release> {
    const release = new Release(t, await serveFiles(t, {}))
    for (const [name, seed] of Object.entries(names)) release.put(name, seed)
    release.writeList()
    return release
  }

  get url(): string {
    return `${this.server.url}/rel/${this.list}`
  }

  put(name: string, seed: number): void {
    this.server.files.set(`rel/${name}`, pseudoRandom(100_000 + seed, seed))
  }

  remove(name: string): void {
    this.server.files.delete(`rel/${name}`)
  }

  /** The files by their names below the directory of the list. */
  files(): [string, Uint8Array][] {
    const all = [...this.server.files].map(([path, bytes]) => [path.slice(4), bytes] as const)
    return all.flatMap(([name, bytes]) => (name === this.list ? [] : [[name, bytes]]))
  }

  /** Writes the list of all files that the server has, as one of another program. */
  writeList(lineOf = (name: string, bytes: Uint8Array) => `${hex('sha256', bytes)}  ${name}`) {
    const lines = this.files().map(([name, bytes]) => lineOf(name, bytes))
    this.server.files.set(`rel/${this.list}`, Buffer.from(`${lines.join('\n')}\n`))
  }

  run(...args: readonly string[]) {
    return runBtkit(['completedir', TRACKER, this.url, '-o', this.out, ...args])
  }

  /** Runs the command, which must succeed, and returns its report. */
  async report(...args: readonly string[]): Promise<Report> {
    return JSON.parse(assertStatus(await this.run('--json', ...args), 0).stdout) as Report
  }

  /** What a run asks the server for. */
  async askedBy(work: () => Promise<unknown>): Promise<string[]> {
    this.server.asked.length = 0
    await work()
    return this.server.asked.splice(0)
  }

  torrents(): string[] {
    return readdirSync(this.out, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.torrent'))
      .sort()
  }

  /** Asserts that there are the torrents of just these files, each of the present bytes. */
  async check(...names: readonly string[]): Promise<void> {
    assert.deepEqual(this.torrents(), names.map((name) => `${name}.torrent`).sort())
    for (const name of names) {
      const torrent = join(this.out, `${name}.torrent`)
      const seed = `${this.server.url}/rel/${name.split('/').map(encodeURIComponent).join('/')}`
      assert.equal(String(decodeTorrent(readFileSync(torrent))['url-list']), seed)
      assertStatus(await runBtkit(['verify', torrent, '--data', seed]), 0)
    }
  }
}

const sources = (changes: readonly { readonly source: string }[]) => {
  return changes.map(({ source }) => source.replace(/^.*\/rel\//, '')).sort()
}

test('each file of a list has its torrent, with its address as web seed', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b c%.iso': 2, 'sub/d.bin': 3 })
  const { created } = await release.report()
  assert.deepEqual(sources(created), ['a.iso', 'b c%.iso', 'sub/d.bin'])
  await release.check('a.iso', 'b c%.iso', 'sub/d.bin')
})

test('an unchanged list costs one request, and nothing is read', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'sub/d.bin': 3 })
  await release.report()
  const asked = await release.askedBy(async () => {
    const { unchanged, bytesHashed } = await release.report()
    assert.deepEqual([unchanged, bytesHashed], [2, 0])
  })
  assert.deepEqual(asked, [`GET /${SUMS}`])
})

test('a file with another checksum than the list is read once in each of its states', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  const right = release.server.files.get('rel/b.iso')!
  release.put('b.iso', 4)
  const refused = async () => {
    const asked = await release.askedBy(async () => {
      const { status, stderr } = await release.run()
      assert.equal(status, 1)
      assert.match(stderr, /b\.iso: its sha256 is [\da-f]{64}, not [\da-f]{64} as listed/)
    })
    return asked.filter((each) => each.startsWith('GET') && each.includes('b.iso')).length
  }
  assert.deepEqual([await refused(), await refused(), await refused()], [1, 0, 0])
  release.put('b.iso', 5)
  assert.deepEqual([await refused(), await refused()], [1, 0])
  release.server.files.set('rel/b.iso', right)
  await release.report()
  await release.check('a.iso', 'b.iso')
})

/** Texts that stand in the place of a list for a while. */
const broken: Readonly<Record<string, (list: string) => string>> = {
  'a notice': () => 'Service under maintenance, back at noon.\n',
  'a signature': () => '-----BEGIN PGP SIGNATURE-----\n\niQEzBAAB\n-----END PGP SIGNATURE-----\n',
  'a list that is cut in a name': (list) => list.slice(0, list.indexOf('b.iso') + 3),
}

for (const [what, textOf] of Object.entries(broken)) {
  test(`${what} in the place of a list withdraws nothing`, async (t) => {
    const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2, 'c.iso': 3 })
    await release.report()
    const list = release.server.files.get(SUMS)!
    release.server.files.set(SUMS, Buffer.from(textOf(Buffer.from(list).toString())))
    const { status, stderr } = await release.run('--prune')
    assert.equal(status, 1)
    assert.match(stderr, /SHA256SUMS: names files that are not there, so no torrent is removed/)
    await release.check('a.iso', 'b.iso', 'c.iso')
    release.server.files.set(SUMS, list)
    release.remove('c.iso')
    release.writeList()
    await release.report('--prune')
    await release.check('a.iso', 'b.iso')
  })
}

test('of a changed list, only the changed file is asked for and read', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  await release.report()
  release.put('b.iso', 4)
  release.writeList()
  const asked = await release.askedBy(async () => {
    const { updated, unchanged } = await release.report()
    assert.deepEqual([sources(updated), unchanged], [['b.iso'], 1])
  })
  assert.deepEqual(
    asked.filter((each) => each.includes('a.iso')),
    [],
  )
  await release.check('a.iso', 'b.iso')
})

test('a file that the list lacks is withdrawn with --prune only, also with its directory', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2, 'sub/d.bin': 3 })
  await release.report()
  release.remove('b.iso')
  release.remove('sub/d.bin')
  release.put('c.iso', 5)
  release.writeList()
  const { stderr } = assertStatus(await release.run(), 0)
  assert.match(stderr, /2 torrents/)
  assert.equal(release.torrents().length, 4)
  const { removed } = await release.report('--prune')
  assert.deepEqual(sources(removed), ['b.iso', 'sub/d.bin'])
  await release.check('a.iso', 'c.iso')
})

test('files that patterns leave out keep their torrents', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.txt': 2 })
  await release.report()
  const { skipped, removed } = await release.report('--prune', '--exclude', '*.txt')
  assert.deepEqual([sources(skipped), removed], [['b.txt'], []])
})

test('lists of one server share a directory without pruning each other', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  const [[, a], [, b]] = release.files() as [[string, Uint8Array], [string, Uint8Array]]
  for (const [name, bytes] of [
    ['a', a],
    ['b', b],
  ] as const)
    release.server.files.set(
      `rel/${name}.iso.sha256`,
      Buffer.from(`${hex('sha256', bytes)}  ${name}.iso\n`),
    )
  for (const list of ['a.iso.sha256', 'b.iso.sha256', 'a.iso.sha256']) {
    release.list = list
    assert.deepEqual((await release.report('--prune')).removed, [])
  }
  assert.deepEqual(release.torrents(), ['a.iso.torrent', 'b.iso.torrent'])
})

test('lists share a directory that was completed on its own before', async (t) => {
  const release = await Release.serve(t, { 'sub/a.iso': 1, 'sub/b.iso': 2 })
  const own = makeScratch(t, { 'x.iso': 'x' })
  mkdirSync(join(release.out, 'sub'), { recursive: true })
  const before = await runBtkit(['completedir', TRACKER, own, '-o', join(release.out, 'sub')])
  assertStatus(before, 0)
  const { files } = release.server
  const [first = '', second = ''] = String(files.get(SUMS)).split('\n')
  files.set(SUMS, Buffer.from(`${first}\n`))
  files.set('rel/others', Buffer.from(`${second}\n`))
  const { created } = await release.report(`${release.server.url}/rel/others`)
  assert.deepEqual(sources(created), ['sub/a.iso', 'sub/b.iso'])
  const names = ['sub/a.iso', 'sub/b.iso', 'sub/x.iso']
  assert.deepEqual(
    release.torrents(),
    names.map((name) => `${name}.torrent`),
  )
})

test('a torrent of another list is not replaced', async (t) => {
  const release = await Release.serve(t, { README: 1 })
  await release.report()
  for (const name of ['README', 'SHA256SUMS'])
    release.server.files.set(`other/${name}`, release.server.files.get(`rel/${name}`)!)
  const other = `${release.server.url}/other/SHA256SUMS`
  const run = await runBtkit(['completedir', TRACKER, other, '-o', release.out])
  assertError(run, 'usage', 'README.torrent', `${release.url}#/README`, '--force')
})

test('--together makes one torrent of all, which follows the list', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'sub/d.bin': 3 })
  await release.report('--together', 'rel')
  assert.deepEqual(release.torrents(), ['rel.torrent'])
  const torrent = join(release.out, 'rel.torrent')
  const verify = () => runBtkit(['verify', torrent, '--data', `${release.server.url}/`])
  assert.equal(String(decodeTorrent(readFileSync(torrent))['url-list']), `${release.server.url}/`)
  assertStatus(await verify(), 0)
  const unchanged = () => release.report('--together', 'rel')
  assert.deepEqual(await release.askedBy(unchanged), [`GET /${SUMS}`])
  release.put('b.iso', 2)
  release.writeList()
  const { updated } = await release.report('--together', 'rel')
  assert.equal(updated.length, 1)
  assertStatus(await verify(), 0)
  assertError(await release.run('--together', 'x'), 'usage', '--together', '--web-seed')
})

/** The JSON that an API has of a release; `facts` are those of a file. */
function releaseJson(
  { server }: Release,
  facts: (bytes: Uint8Array, id: number) => object,
): Buffer {
  const assets = [...server.files].flatMap(([path, bytes], id) => {
    const name = path.replace(/^rel\//, '')
    if (name === 'latest') return []
    const url = `${server.url}/rel/${encodeURIComponent(name)}`
    return { name, size: bytes.length, browser_download_url: url, ...facts(bytes, id) }
  })
  return Buffer.from(JSON.stringify({ tag_name: 'v1.0', draft: false, assets }))
}

const kinds: Readonly<Record<string, (release: Release) => void>> = {
  'release of GitHub': (release) => {
    release.list = 'latest'
    const facts = (bytes: Uint8Array, id: number) => {
      return { id, state: 'uploaded', digest: `sha256:${hex('sha256', bytes)}` }
    }
    release.server.files.set('rel/latest', releaseJson(release, facts))
  },
  'release of Gitea': (release) => {
    release.list = 'latest'
    const facts = (bytes: Uint8Array) => ({ uuid: hex('md5', bytes) })
    release.server.files.set('rel/latest', releaseJson(release, facts))
  },
  Metalink: (release) => {
    release.list = 'all.meta4'
    const files = release.files().map(([name, bytes]) => {
      return `<file name="${name}"><hash type="sha-256">${hex('sha256', bytes)}</hash></file>`
    })
    const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${files.join('')}</metalink>`
    release.server.files.set('rel/all.meta4', Buffer.from(text))
  },
  MD5SUMS: (release) => {
    release.list = 'MD5SUMS'
    release.writeList((name, bytes) => `${hex('md5', bytes)}  ${name}`)
  },
}

for (const [kind, write] of Object.entries(kinds)) {
  test(`a list may be a ${kind}`, async (t) => {
    const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
    release.server.files.delete(SUMS)
    write(release)
    await release.report('--prune')
    await release.check('a.iso', 'b.iso')
    const again = await release.askedBy(() => release.report('--prune'))
    assert.deepEqual(again, [`GET /rel/${release.list}`])
    release.put('b.iso', 7)
    release.remove('a.iso')
    write(release)
    const { updated, removed } = await release.report('--prune')
    assert.deepEqual([sources(updated), sources(removed)], [['b.iso'], ['a.iso']])
    await release.check('b.iso')
  })
}

test('several releases have a directory each, and one that is taken back goes', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  release.list = 'releases'
  const { url } = release.server
  const of = (tag: string, name: string) => {
    const asset = { name: 'app.iso', uuid: name, browser_download_url: `${url}/rel/${name}` }
    return { tag_name: tag, assets: [asset] }
  }
  const put = (...releases: readonly object[]) => {
    release.server.files.set('rel/releases', Buffer.from(JSON.stringify(releases)))
  }
  put(of('v2', 'b.iso'), of('v1', 'a.iso'))
  await release.report('--prune')
  assert.deepEqual(release.torrents(), ['v1/app.iso.torrent', 'v2/app.iso.torrent'])
  put(of('v2', 'b.iso'))
  assert.equal((await release.report('--prune')).removed.length, 1)
  assert.deepEqual(release.torrents(), ['v2/app.iso.torrent'])
})

test('files of a list without checksums are asked for each time, and read if they changed', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  release.writeList((name) => name)
  await release.report()
  release.put('b.iso', 8)
  const asked = await release.askedBy(async () => {
    const { updated, unchanged } = await release.report()
    assert.deepEqual([sources(updated), unchanged], [['b.iso'], 1])
  })
  assert.ok(asked.includes('HEAD /rel/a.iso'))
  assert.ok(!asked.some((each) => each.startsWith('GET /rel/a.iso')))
  await release.check('a.iso', 'b.iso')
})

for (const how of ['at first', 'later']) {
  test(`--checksums ${how} writes the lists of files that are read once`, async (t) => {
    const release = await Release.serve(t, { 'a.iso': 1 })
    if (how === 'later') await release.report()
    const asked = await release.askedBy(() => release.report('--checksums', 'sha256,sha512'))
    assert.equal(asked.filter((each) => each.startsWith('GET /rel/a.iso')).length, 1)
    const [[, bytes]] = release.files() as [[string, Uint8Array]]
    for (const name of ['sha256', 'sha512']) {
      const text = readFileSync(join(release.out, `a.iso.${name}`), 'utf8')
      assert.equal(text, `${hex(name, bytes)}  a.iso\n`)
    }
  })
}

test('a dry run reads nothing, and the next run does what it said', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  mkdirSync(release.out)
  const asked = await release.askedBy(async () => {
    assert.equal((await release.report('--dry-run')).created.length, 1)
  })
  assert.deepEqual(asked, [`GET /${SUMS}`, 'HEAD /rel/a.iso'])
  assert.deepEqual(release.torrents(), [])
  assert.equal((await release.report()).created.length, 1)
})

test('torrents that somebody removed are made again without reading', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  await release.report()
  rmSync(join(release.out, 'a.iso.torrent'))
  const { created, bytesHashed } = await release.report()
  assert.deepEqual([created.length, bytesHashed], [1, 0])
})

test('a file with another checksum than its list says keeps its torrent and fails', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  await release.report()
  release.put('b.iso', 9)
  release.writeList((name) => `${'0'.repeat(64)}  ${name}`)
  const before = readFileSync(join(release.out, 'b.iso.torrent'))
  const { stderr } = assertStatus(await release.run('--prune'), 1)
  assert.match(stderr, /b\.iso: its sha256 is [0-9a-f]+, not 0+ as listed/)
  assert.deepEqual(readFileSync(join(release.out, 'b.iso.torrent')), before)
})

test('a file that is not there fails alone, and is asked for again', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
  const missing = release.server.files.get('rel/b.iso')!
  release.remove('b.iso')
  const { stderr } = assertStatus(await release.run('--prune'), 1)
  assert.match(stderr, /^btkit: http:[^\n]*b\.iso: HTTP status 404\n/m)
  assert.deepEqual(release.torrents(), ['a.iso.torrent'])
  release.server.files.set('rel/b.iso', missing)
  assert.deepEqual(sources((await release.report()).created), ['b.iso'])
})

const servers: Readonly<Record<string, (release: Release) => FileServer['answer']>> = {
  'sends no ranges': ({ server }) => {
    return ({ url = '', method }, response) => {
      const bytes = server.files.get(url.slice(1))
      if (!bytes) return false
      response.writeHead(200, { 'content-length': bytes.length })
      response.end(method === 'HEAD' ? undefined : bytes)
      return true
    }
  },
  'is busy each second time': () => {
    let requests = 0
    return (_, response) => {
      const isBusy = requests++ % 2 === 0
      if (isBusy) response.writeHead(429, { 'retry-after': '1' }).end()
      return isBusy
    }
  },
  'redirects each file': () => {
    return (request, response) => {
      const { url = '' } = request
      const isRedirected = url !== `/${SUMS}` && !url.startsWith('/mirror/')
      if (isRedirected) response.writeHead(302, { location: `/mirror${url}` }).end()
      request.url = url.replace('/mirror/', '/')
      return isRedirected
    }
  },
  'does not know HEAD': () => {
    return ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(405).end()
      return method === 'HEAD'
    }
  },
}

for (const [what, answer] of Object.entries(servers)) {
  test(`a list is completed from a server that ${what}`, async (t) => {
    withoutPauses(t)
    const release = await Release.serve(t, { 'a.iso': 1, 'b.iso': 2 })
    release.server.answer = answer(release)
    assert.equal((await release.report()).created.length, 2)
    assert.deepEqual((await release.report()).bytesHashed, 0)
    release.put('b.iso', 6)
    release.writeList()
    assert.deepEqual(sources((await release.report()).updated), ['b.iso'])
    release.server.answer = () => false
    await release.check('a.iso', 'b.iso')
  })
}

test('names that objects have are names of files, too', async (t) => {
  const release = await Release.serve(t, { constructor: 1, __proto__x: 2 })
  release.put('__proto__', 3)
  release.writeList()
  await release.report()
  const again = await release.askedBy(() => release.report())
  assert.deepEqual(again, [`GET /${SUMS}`])
  await release.check('constructor', '__proto__x', '__proto__')
})

test('a file that shrinks while it is read fails, and the list is not believed', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  const bytes = release.server.files.get('rel/a.iso')!
  release.server.answer = ({ method, url = '' }, response) => {
    const isRead = method === 'GET' && url === '/rel/a.iso'
    if (isRead) response.writeHead(200, { 'content-length': 10 }).end(bytes.subarray(0, 10))
    return isRead
  }
  const { stderr } = assertStatus(await release.run(), 1)
  assert.match(stderr, /a\.iso/)
  assert.deepEqual(release.torrents(), [])
})

test('a list that is gone or is none withdraws nothing; --prune-all withdraws what is gone', async (t) => {
  withoutPauses(t)
  const release = await Release.serve(t, { 'a.iso': 1 })
  await release.report()
  const list = release.server.files.get(SUMS)!
  for (const bad of ['<!doctype html><p>Not found', '', '{"a": 1}']) {
    release.server.files.set(SUMS, Buffer.from(bad))
    assertStatus(await release.run('--prune-all'), 1)
  }
  release.server.files.delete(SUMS)
  assertStatus(await release.run('--prune'), 1)
  assert.deepEqual(release.torrents(), ['a.iso.torrent'])
  assert.equal((await release.report('--prune-all')).removed.length, 1)
  release.server.files.set(SUMS, list)
  assert.equal((await release.report()).created.length, 1)
})

test('another state directory, or a lost note, only costs questions', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  const env = { BTKIT_STATE_DIR: join(makeScratch(t, {}), 'state') }
  const run = () =>
    runBtkit(['completedir', TRACKER, release.url, '-o', release.out, '--json'], { env })
  assertStatus(await run(), 0)
  rmSync(join(env.BTKIT_STATE_DIR, 'listed'), { recursive: true })
  const asked = await release.askedBy(async () => {
    const { unchanged } = JSON.parse(assertStatus(await run(), 0).stdout) as Report
    assert.equal(unchanged, 1)
  })
  assert.deepEqual(asked, [`GET /${SUMS}`, 'HEAD /rel/a.iso'])
})

test('--web-seed-base names the public address of files at a secret one', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  const secret = release.url.replace('//', '//me:geheim@')
  const at = (...args: string[]) =>
    runBtkit(['completedir', TRACKER, secret, '-o', release.out, ...args])
  mkdirSync(release.out)
  const refused = await at()
  assertError(refused, 'usage', '--web-seed-base')
  assert.ok(!refused.stderr.includes('geheim'))
  assertStatus(await at('--web-seed-base', 'https://files.example/rel'), 0)
  const torrent = readFileSync(join(release.out, 'a.iso.torrent'))
  assert.equal(String(decodeTorrent(torrent)['url-list']), 'https://files.example/rel/')
  assert.ok(!torrent.includes('geheim'))
})

test('a list of the internet leads to no server of a private network', async (t) => {
  withoutPauses(t)
  const assets = [{ name: 'a', uuid: '1', browser_download_url: 'http://192.168.1.1/a' }]
  mockHttp(t, (url) => {
    assert.equal(url, 'http://203.0.113.7/latest')
    return Promise.resolve(Response.json({ tag_name: 'v1', assets }))
  })
  const out = join(makeScratch(t, {}), 'out')
  const run = await runBtkit(['completedir', TRACKER, 'http://203.0.113.7/latest', '-o', out])
  assert.match(run.stderr, /192\.168\.1\.1[^\n]*private network/)
  assert.equal(run.status, 1)
})

test('what a list needs is said', async (t) => {
  const release = await Release.serve(t, { 'a.iso': 1 })
  const { url } = release
  const out = release.out
  assertError(await runBtkit(['completedir', TRACKER, url]), 'usage', url, '-o')
  const twice = ['completedir', TRACKER, url, url.replace('SHA', 'MD'), '-o', out]
  assertError(await runBtkit([...twice, '--together', 'x']), 'usage', '--together')
  assertError(await runBtkit(['completedir', TRACKER, '/', '--together', 'x']), 'usage', 'list')
  assertError(await release.run('--date', 'mtime'), 'usage', '--date mtime')
})
