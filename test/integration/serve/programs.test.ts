import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readHashedBytes } from '../../mirror/read-metric.js'
import { findPeer } from '../../support/peers.js'
import { findFreePort } from '../../support/opentracker.js'
import { runProgram } from '../../support/programs.js'
import { quickFirst } from '../../support/long.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { startNginx, unlessNginx } from '../behind-nginx.js'

/** A mirror of btkit, and the same directory listed by nginx. */
async function serveBoth(t: TestContext, files: Files) {
  const scratch = makeScratch(t)
  const root = makeScratch(t, files)
  const port = await findFreePort()
  const socket = join(scratch, 'socket')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(scratch, name)};`,
  )
  const configuration = `daemon off; master_process off; pid ${join(scratch, 'pid')};
    events {}
    http { access_log ${join(scratch, 'access')}; ${temporary.join(' ')}
      server { listen unix:${socket}; listen 127.0.0.1:${port}; root ${root}; autoindex on; } }`
  writeFileSync(join(scratch, 'nginx.conf'), configuration)
  await startNginx(t, scratch, socket)
  const mirror = await serveMirror(t, { root, args: ['--host', '127.0.0.1', '--log', 'json'] })
  const requests = {
    nginx: () => readFileSync(join(scratch, 'access'), 'utf8').split('\n').length - 1,
    btkit: () => mirror.stdout.text.split('\n').filter((line) => line.startsWith('{')).length,
  }
  const addresses = { nginx: `http://127.0.0.1:${port}`, btkit: mirror.address }
  return { mirror, requests, addresses }
}

/** What a directory holds, by path, without pages that a program saved. */
function filesIn(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(directory, name)).isFile())
  const kept = files.filter((name) => !/(?:^|\/)index\.html/.test(name))
  return Object.fromEntries(kept.map((name) => [name, readFileSync(join(directory, name), 'hex')]))
}

const FILES = {
  'd/a.iso': '1'.repeat(100),
  'd/b.iso': '2'.repeat(200),
  'd/c.iso': '3'.repeat(300),
  'd/d: e.txt': 'colon',
  "d/it's 100%.txt": 'odd',
  'd/f.iso': '4'.repeat(400),
  'd/g.iso': '5'.repeat(500),
  'd/sub/h.iso': 'deep',
  'd/sub/sub/i.iso': 'deeper',
}

/** Programs that copy a whole directory, with the arguments by which they do. */
const COPYING: Record<string, (address: string, to: string) => string[]> = {
  wget: (address, to) => ['-q', '-r', '-l', 'inf', '-nH', '-P', to, `${address}/`],
  lftp: (address, to) => ['-c', `mirror ${address}/ ${to}`],
  rclone: (address, to) => ['copy', `:http,url='${address}/d/':`, join(to, 'd')],
}

for (const [name, argsOf] of Object.entries(COPYING)) {
  const skip = findPeer(name) === null ? `${name} is not installed` : unlessNginx.skip
  test(
    `${name} copies a directory as it does from nginx, and nothing is hashed`,
    { skip },
    async (t) => {
      const { mirror, requests, addresses } = await serveBoth(t, FILES)
      const copies: Record<string, Record<string, string>> = {}
      for (const [server, address] of Object.entries(addresses)) {
        const to = makeScratch(t)
        const env = { HOME: makeScratch(t), RCLONE_CONFIG: '/dev/null' }
        const { status, stderr } = await runProgram(name, argsOf(address, to), { env })
        // robots.txt is not there at nginx, which wget counts as a failure
        assert.ok(status === 0 || (name === 'wget' && server === 'nginx'), stderr)
        copies[server] = filesIn(to)
      }
      delete copies['btkit']?.['robots.txt']
      assert.deepEqual(copies['btkit'], copies['nginx'])
      assert.equal(Object.keys(copies['btkit'] ?? {}).length, Object.keys(FILES).length)
      assert.equal(await readHashedBytes(mirror.port), 0)
      const [own, nginx] = [requests.btkit(), requests.nginx()]
      assert.ok(own <= 1.1 * nginx + 1, `${own} requests, and ${nginx} of nginx`)
    },
  )
}

const WHEEL = 'samplepkg-2.0-py3-none-any.whl'

/** The smallest wheel that pip takes: a zip file without compression, as Python writes it. */
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    base = 'samplepkg-2.0.dist-info/'
    wheel.writestr(base + 'METADATA', 'Metadata-Version: 2.1\\nName: samplepkg\\nVersion: 2.0\\n')
    tag = 'Tag: py3-none-any'
    wheel.writestr(base + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\n' + tag + '\\n')
    wheel.writestr(base + 'RECORD', '')
`

/** Ends with status 1 without pip, which takes a second to start. */
const FIND_PIP = 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("pip"))'

const hasPip =
  findPeer('python3') !== null && (await runProgram('python3', ['-c', FIND_PIP])).status === 0
const unlessPip = { skip: !hasPip && 'pip is not installed' }

const testPip = quickFirst()

for (const [what, argsOf] of [
  ['a simple index', (at: string) => ['--index-url', `${at}/simple/`]],
  ['a listing', (at: string) => ['--no-index', '--find-links', `${at}/simple/samplepkg/`]],
] as const) {
  testPip(`pip finds a wheel by ${what}`, unlessPip, async (t) => {
    const root = makeScratch(t, { 'simple/samplepkg/x': '' })
    const wheel = join(root, 'simple/samplepkg', WHEEL)
    assert.equal((await runProgram('python3', ['-c', MAKE_WHEEL, wheel])).status, 0)
    const { address } = await serveMirror(t, { root, args: ['--host', '127.0.0.1'] })
    const to = makeScratch(t)
    const usual = ['-m', 'pip', '--isolated', 'download', '--no-cache-dir', '--no-deps', '-q']
    const args = [
      ...usual,
      '--disable-pip-version-check',
      '-d',
      to,
      ...argsOf(address),
      'samplepkg',
    ]
    const { status, stderr } = await runProgram('python3', args, { env: { HOME: to } })
    assert.equal(status, 0, stderr)
    assert.deepEqual(readFileSync(join(to, WHEEL)), readFileSync(wheel))
  })
}

const root = process.getuid?.() === 0
const unlessApt = { skip: findPeer('apt-get') === null || !root ? 'needs apt-get as root' : false }

test('apt reads a flat repository, whose addresses contain a dot', unlessApt, async (t) => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const of = 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n'
  const packages = `${of}Filename: ./p_1_all.deb\nSize: 4\nSHA256: ${sha256('data')}\nDescription: x\n\n`
  const sum = ` ${sha256(packages)} ${packages.length} Packages\n`
  const release = `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n${sum}`
  const files = { 'deb/p_1_all.deb': 'data', 'deb/Packages': packages, 'deb/Release': release }
  const { address } = await serveMirror(t, { files, args: ['--host', '127.0.0.1'] })
  const home = makeScratch(t, { status: '', list: `deb [trusted=yes] ${address}/deb ./\n` })
  for (const directory of ['state/lists/partial', 'cache/archives/partial', 'etc', 'to'])
    mkdirSync(join(home, directory), { recursive: true })
  const settings = [
    `Dir::State=${home}/state`,
    `Dir::Cache=${home}/cache`,
    `Dir::Etc=${home}/etc`,
    `Dir::Etc::SourceList=${home}/list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::status=${home}/status`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::http::Proxy=DIRECT',
  ].flatMap((setting) => ['-o', setting])
  for (const act of [['update'], ['download', 'p']]) {
    const { status, stderr } = await runProgram('apt-get', [...settings, ...act], {
      cwd: join(home, 'to'),
    })
    assert.equal(status, 0, stderr)
  }
  assert.equal(readFileSync(join(home, 'to/p_1_all.deb'), 'utf8'), 'data')
})

test('dots in an address are removed, and none lead above the root', async (t) => {
  const { address } = await serveMirror(t, { files: { 'a/b.txt': 'text' } })
  // fetch would remove them itself
  const statusOf = async (path: string) => {
    const args = ['-sS', '--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', address + path]
    return Number((await runProgram('curl', args)).stdout)
  }
  for (const [path, status] of [
    ['/a/./b.txt', 200],
    ['/./a/b.txt', 200],
    ['/a/x/../b.txt', 200],
    ['/a/%2e/b.txt', 200],
    ['/a/./b.txt.torrent', 200],
    ['/-/view/a/./b.txt.torrent', 200],
    ['/a/.', 200],
    ['/../a/b.txt', 400],
    ['/a/../../a/b.txt', 400],
    ['/a/%2e%2e/%2e%2e/b.txt', 400],
  ] as const)
    assert.equal(await statusOf(path), status, path)
})

test("crawlers are told to leave views, unless the mirror's own robots.txt says else", async (t) => {
  const { address } = await serveMirror(t, { files: { a: 'x' } })
  const rules = await fetch(`${address}/robots.txt`)
  assert.equal(await rules.text(), 'User-agent: *\nDisallow: /-/\n')
  const own = await serveMirror(t, { files: { 'robots.txt': 'User-agent: *\nDisallow:\n' } })
  assert.equal(
    await (await fetch(`${own.address}/robots.txt`)).text(),
    'User-agent: *\nDisallow:\n',
  )
})
