import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { ask } from '../ask.js'

const SCRIPT = new URL('../../../../test/mirror/hostile/exchanged.py', import.meta.url).pathname

const hasPython = spawnSync('python3', ['--version']).status === 0
const SKIP = process.platform !== 'linux' ? 'only Linux exchanges names' : 'python3 is missing'

/** It has its own length, so that a size reports it, too. */
const SECRET = pseudoRandom(54_321, 1)
const SECRET_NAME = 'secret-of-others'

const digest = (algorithm: string) => createHash(algorithm).update(SECRET)

/** Everything that an answer could contain of the file outside. */
const TRACES = [
  SECRET.subarray(1000, 1032),
  digest('sha1').digest(),
  digest('sha256').digest(),
  digest('sha256').digest('hex'),
  digest('sha256').digest('base64'),
  `${SECRET.length}`,
  SECRET_NAME,
]

/** Addresses of everything that is made of a file or a directory. */
const ADDRESSES = [
  ...[
    '/pub/d/x',
    '/pub/e/x',
    '/pub/e/',
    '/pub/d/',
    '/pub/d/?json',
    '/pub/d.torrent',
    '/pub/d/?magnet',
    '/pub/link',
  ],
  ...[
    '/pub/f',
    '/pub/f.torrent',
    '/pub/f.sha256',
    '/pub/f.meta4',
    '/-/view/pub/f.details',
    '/pub/?json',
  ],
  ...[
    '/pub/d/x.torrent',
    '/pub/d/x.torrent?hybrid',
    '/pub/d/x.magnet',
    '/pub/d/x.sha256',
    '/pub/e/x.torrent',
  ],
  ...[`/pub/d/${SECRET_NAME}`, `/pub/d/${SECRET_NAME}.torrent`, `/pub/d/${SECRET_NAME}.sha256`],
  ...['/pub/torrent_service/single/pub/d/*', '/pub/torrent_service/single/pub/*/*', '/-/feed.atom'],
]

/** Plants a mirror, and beside it what names are exchanged with. */
function plant(t: TestContext) {
  const outside = makeScratch(t, { [SECRET_NAME]: SECRET, x: SECRET, 'README.md': SECRET_NAME })
  const root = makeScratch(t)
  const inside = pseudoRandom(50_000, 2)
  plantFiles(root, {
    'pub/d/x': inside,
    'pub/e/x': inside,
    'pub/f': inside,
    'pub/d/README.md': 'of the mirror',
  })
  const links = { d: outside, f: join(outside, 'x'), 'e/x': join(outside, 'x') }
  const pairs = Object.entries(links).map(([name, target]) => {
    const aside = join(root, 'pub', `.${name.replace('/', '-')}`)
    symlinkSync(target, aside)
    return [join(root, 'pub', name), aside]
  })
  symlinkSync('e/x', join(root, 'pub/link'))
  return { root, names: pairs.flat() }
}

/**
 * Declares a test that asks for everything in rounds, while names below the root are exchanged for
 * links that lead out of it.
 */
export function testExchanged(title: string, rounds: number): void {
  test(title, { skip: !(hasPython && process.platform === 'linux') && SKIP }, async (t) => {
    const { root, names } = plant(t)
    const args = ['--log', 'off', '--warm', 'pub/**']
    const { port } = await serveMirror(t, { root, args })
    const exchanger = spawn('python3', [SCRIPT, ...names], { stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(() => exchanger.kill())
    await once(exchanger.stdout, 'data')
    const seen = new Set<number>()
    for (let round = 0; round < rounds; round++) {
      const answers = ADDRESSES.map(async (address) => ({ address, ...(await ask(port, address)) }))
      for (const { address, status, headers, body } of await Promise.all(answers)) {
        seen.add(status)
        const all = Buffer.concat([body, Buffer.from(JSON.stringify(headers))])
        const isNamed = address.includes(SECRET_NAME) && status >= 400
        const trace = isNamed ? undefined : TRACES.find((each) => all.includes(each))
        assert.equal(trace, undefined, `${address}: status ${status}`)
      }
    }
    exchanger.stdin.end()
    assert.deepEqual(await once(exchanger, 'exit'), [0, null])
    assert.ok(seen.has(200) && seen.has(404), [...seen].join())
  })
}
