import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeTorrent } from '../../src/library/index.js'
import { startForms } from '../support/admin.js'
import { decodeTorrent } from '../support/decode-torrent.js'
import { openTestGui } from '../support/gui.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { followJob } from '../support/visitor.js'

// The doors by which somebody says how a torrent is to be, and the rules that each of them has. A
// rule is tried at all doors. A door that it does not concern is named beside it, with the reason.

/** What somebody wants of the torrent of a file. */
interface Wish {
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds?: readonly string[]
  readonly private?: boolean
  readonly pieceLength?: number
  readonly source?: string
}

/** The torrent that a door made, or null, and what was said. */
interface Outcome {
  readonly torrent: ReturnType<typeof decodeTorrent> | null
  readonly said: string
}

type Open = (t: TestContext, wish: Wish) => Promise<Outcome>

const optionsOf = ({ trackers, webSeeds = [], source, pieceLength, ...wish }: Wish) => [
  ...trackers.flatMap((tier) => ['-a', tier.join(',')]),
  ...webSeeds.flatMap((url) => ['--web-seed', url]),
  ...(wish.private ? ['--private'] : []),
  ...(source === undefined ? [] : ['--source', source]),
  ...(pieceLength === undefined ? [] : ['--piece-length', String(pieceLength)]),
]

/** A file `d/f`, and a run of btkit that makes its torrent. */
async function make(t: TestContext, argsOf: (at: (path: string) => string) => readonly string[]) {
  const directory = makeScratch(t, { 'd/f': 'content' })
  const at = (path: string) => join(directory, path)
  const args = [...argsOf(at), '--state-dir', at('state')]
  const { stderr } = await runBtkit(args[0] === 'makemetafile' ? args.slice(0, -2) : args)
  return { torrent: torrentAt(at('d/f.torrent')), said: stderr }
}

function torrentAt(path: string) {
  return existsSync(path) ? decodeTorrent(readFileSync(path)) : null
}

/** The fields of a form, as browsers send them. */
const fieldsOf = ({ trackers, webSeeds = [], source = '', pieceLength, ...wish }: Wish) => ({
  trackers: trackers.map((tier) => tier.join('\r\n')).join('\r\n\r\n'),
  webSeeds: webSeeds.join('\r\n'),
  source,
  ...(wish.private ? { private: 'on' } : {}),
  ...(pieceLength === undefined ? {} : { pieceLength: String(pieceLength) }),
})

const DOORS = {
  'options of makemetafile': (t, wish) =>
    make(t, (at) => ['makemetafile', at('d/f'), '--no-cache', ...optionsOf(wish)]),
  'options of completedir': (t, wish) =>
    make(t, (at) => ['completedir', at('d'), ...optionsOf(wish)]),
  'completedir --recursive': (t, wish) =>
    make(t, (at) => ['completedir', '--recursive', at('d'), ...optionsOf(wish)]),
  'a configuration': (t, { trackers, webSeeds = [], source, pieceLength, ...wish }) =>
    make(t, (at) => {
      const options = {
        ...{ announce: trackers, 'web-seed': webSeeds, private: wish.private ?? false },
        ...(source === undefined ? {} : { source }),
        ...(pieceLength === undefined ? {} : { 'piece-length': pieceLength }),
      }
      writeFileSync(at('c.yaml'), JSON.stringify({ makemetafile: options }))
      return ['makemetafile', at('d/f'), '--no-cache', '--config', at('c.yaml')]
    }),
  'a list of trackers': (t, wish) =>
    make(t, (at) => {
      const tiers = wish.trackers.map((tier) => tier.join('\n'))
      writeFileSync(at('list'), tiers.join('\n\n'))
      const list = tiers.length > 0 ? ['-a', `file:${at('list')}`] : []
      return [
        'makemetafile',
        at('d/f'),
        '--no-cache',
        ...list,
        ...optionsOf({ ...wish, trackers: [] }),
      ]
    }),
  'a form of gui': async (t, wish) => {
    const { root, send } = await openTestGui(t, { f: 'content' })
    const { text } = await send('make', { act: 'make', path: 'f', ...fieldsOf(wish) })
    return { torrent: torrentAt(join(root, 'f.torrent')), said: text }
  },
  'the library': async (t, wish) => {
    const path = join(makeScratch(t, { f: 'content' }), 'f')
    try {
      const { bytes } = await makeTorrent(path, wish)
      return { torrent: decodeTorrent(bytes), said: '' }
    } catch (error) {
      return { torrent: null, said: (error as Error).message }
    }
  },
  'the administration': async (t, wish) => {
    const data = makeScratch(t, { f: 'content' })
    const { root, logIn } = await startForms(t, {}, ['--make-from', data])
    const bob = await logIn('bob')
    const fields = { act: 'make', path: join(data, 'f'), to: '0', ...fieldsOf(wish) }
    const answer = await bob.post('/make', fields)
    const { text } = answer.status === 303 ? await followJob(bob, `/${answer.location}`) : answer
    return { torrent: torrentAt(join(root, 'torrents/f.torrent')), said: text }
  },
} satisfies Record<string, Open>

type Door = keyof typeof DOORS

interface Rule {
  readonly wish: Wish
  /** What the torrent has; a pattern of what is said if there is to be none. */
  readonly result: Readonly<Record<string, unknown>> | RegExp
  /** What is said of the torrent. */
  readonly said?: RegExp
  /** Doors without this rule, and why. */
  readonly without?: Partial<Record<Door, string>>
}

const [X, Y] = ['http://x.example/announce', 'udp://y.example:1/announce']
const SEED = 'http://w.example/f'

const RULES: Readonly<Record<string, Rule>> = {
  'tiers stay as they are given': {
    wish: { trackers: [[X], [Y, `${X}2`]] },
    result: { announce: X, 'announce-list': [[X], [Y, `${X}2`]] },
  },
  'a tracker that is given twice is written once': {
    wish: { trackers: [[X], [Y, X], [X]] },
    result: { announce: X, 'announce-list': [[X], [Y]] },
  },
  'one tracker that is given twice needs no list': {
    wish: { trackers: [[X], [X]] },
    result: { announce: X, 'announce-list': undefined },
  },
  'a web seed that is given twice is written once': {
    wish: { trackers: [[X]], webSeeds: [SEED, SEED] },
    result: { 'url-list': SEED },
  },
  'a host beyond ASCII is stored in punycode': {
    wish: { trackers: [['http://bücher.example/announce']], webSeeds: ['http://bücher.example/ü'] },
    result: {
      announce: 'http://xn--bcher-kva.example/announce',
      'url-list': 'http://xn--bcher-kva.example/%C3%BC',
    },
  },
  'what is no tracker is refused': {
    wish: { trackers: [['ftp://x.example/announce']] },
    result: /not an http, https, udp, ws or wss URL/,
  },
  'a tracker without a scheme is answered with one': {
    wish: { trackers: [['x.example:80']] },
    result: /type http:\/\/x\.example:80\/announce/,
  },
  'an impossible port is refused': {
    wish: { trackers: [['http://x.example:70000/announce']] },
    result: /port 70000 is above 65535/,
  },
  'what is no web seed is refused': {
    wish: { trackers: [[X]], webSeeds: ['udp://w.example/f'] },
    result: /not an http, https or ftp URL/,
  },
  'a piece length that is no power of two is refused': {
    wish: { trackers: [[X]], pieceLength: 300_000 },
    result: /power of two/,
  },
  'a private torrent without a tracker is refused': {
    wish: { trackers: [], private: true },
    result: /tracker/,
    without: {
      'options of completedir': 'it warns: torrents that are there keep their trackers',
      'completedir --recursive': 'the same',
      'the library': 'a program may add trackers afterwards',
    },
  },
  'seeds on the own machine of each client are named': {
    wish: { trackers: [[X]], webSeeds: ['http://127.0.0.1:8080/f'] },
    result: { 'url-list': 'http://127.0.0.1:8080/f' },
    said: /http:\/\/127\.0\.0\.1:8080\/f" leads each client to its own machine/,
    without: {
      'the library': 'it returns torrents; lint names what is odd in them',
      'the administration': 'its pages show no findings of lint',
    },
  },
  'a source tag and the private flag are in info': {
    wish: { trackers: [[X]], private: true, source: 'TAG' },
    result: { info: { private: 1, source: 'TAG' } },
  },
}

/** The words of a page, or of a program. */
function plain(said: string): string {
  return said.replaceAll('&#39;', "'").replaceAll('&quot;', '"')
}

for (const [rule, { wish, result, said: told, without = {} }] of Object.entries(RULES)) {
  for (const [door, open] of Object.entries(DOORS) as [Door, Open][]) {
    if (without[door] !== undefined) continue
    test(`${rule}: ${door}`, async (t) => {
      const { torrent, said } = await open(t, wish)
      if (result instanceof RegExp) {
        assert.match(plain(said), result)
        assert.equal(torrent, null)
        return
      }
      assert.ok(torrent, said)
      if (told) assert.match(plain(said), told)
      const { info, ...keys } = result as { info?: object }
      for (const [key, value] of Object.entries(keys)) {
        const own: unknown = torrent[key]
        const isLone = key === 'url-list' && Array.isArray(own) && own.length === 1
        assert.deepEqual(isLone ? (own as unknown[])[0] : own, value, key)
      }
      for (const [key, value] of Object.entries(info ?? {}))
        assert.equal((torrent.info as Record<string, unknown>)[key], value, key)
    })
  }
}
