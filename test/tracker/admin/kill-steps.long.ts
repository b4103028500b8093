// In a process of its own: all modules call the system through what may fail here
import { failEachCall } from '../../support/failing-calls.js'
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isTemporaryName } from '../../../src/disk/write/temporary-files.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { followJob, type Fields, fieldsOf, type Visitor } from '../../support/visitor.js'
import { startAdminProcess } from '../../support/admin-process.js'
import { makeHashesCheap, plantUsers, visitsOf } from '../../support/admin.js'
import { filesBelow, torrentNamed } from '../../support/collection.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { unlessProc } from '../../support/when-open.js'
import { startTrack } from '../../support/track.js'

// Each change over HTTP, broken off at each of its steps: by kill -9 before each change of the file
// system that a real tracker makes, after which that starts again; and by an error of each call of
// the system. Then the same change must be possible, or be done.

/** More steps than any change has. */
const MOST_STEPS = 40

/** The people at work. `bob` is an uploader, who may change what he added. */
interface People {
  readonly alice: Visitor
  readonly bob: Visitor
}

interface Change {
  /** Makes what the change is about; by default a torrent of bob in the category `from`. */
  readonly prepare?: (people: People, name: string) => Promise<unknown>
  readonly act: (people: People, name: string) => Promise<unknown>
  /** The pattern of paths of the torrent `NAME.torrent` after the change; none for no torrent. */
  readonly to: string | null
  /** The same before the change. */
  readonly from: string | null
  /** Whether the change is done, if the place of the torrent does not tell. */
  readonly isDone?: (place: Place) => boolean | Promise<boolean>
}

/** The subject of a change: the directory of all files, and the name of a torrent. */
interface Place {
  readonly root: string
  readonly people: People
  readonly name: string
}

const add = ({ bob }: People, name: string) =>
  bob.upload({ [`${name}.torrent`]: torrentNamed(name, 'old') }, { to: '0/from' })

/** Does something with a torrent of bob in the category `from`. */
const withTorrent = ({ bob }: People, name: string, fields: Fields) =>
  bob.post('/torrents', [['torrent', `0/from/${name}.torrent`], ...fields])

const remove = (people: People, name: string) => withTorrent(people, name, [['act', 'delete']])

const category = ({ alice }: People, act: string, fields: Fields) =>
  alice.post('/categories', [['act', act], ...fields])

const addressOf = (name: string) => `192.0.2.${name.replace(/\D+/, '')}`

const banAddress = ({ alice }: People, name: string) =>
  alice.post('/bans', {
    act: 'ban',
    kind: 'addresses',
    addresses: addressOf(name),
    reason: `because ${name}.`,
  })

async function isBanned({ people: { alice }, name }: Place): Promise<boolean> {
  const { text } = await alice.get('/bans')
  const isThere = text.includes(`<code>${addressOf(name)}</code>`)
  assert.equal(text.includes(`because ${name}.`), isThere, 'a ban has its reason')
  return isThere
}

const IN_FROM = 't/from/NAME.torrent'
const IN_BIN = 't/\\.bin/[\\w-]+/from/NAME.torrent'

const CHANGES: Readonly<Record<string, Change>> = {
  upload: { prepare: () => Promise.resolve(), act: add, from: null, to: IN_FROM },
  make: {
    prepare: () => Promise.resolve(),
    act: async ({ bob }, name) => {
      const fields: Fields = [
        ['path', 'film'],
        ['output', name],
        ['to', '0/from'],
        // Torrents of the same files differ
        ['source', name],
        ['act', 'make'],
      ]
      const { location, text } = await bob.post('/make', fields)
      assert.match(location, /^job/, text)
      await followJob(bob, `/${location}`)
    },
    from: null,
    to: IN_FROM,
  },
  move: {
    act: (people, name) =>
      withTorrent(people, name, [
        ['act', 'move'],
        ['to', '0/to'],
      ]),
    from: IN_FROM,
    to: 't/to/NAME.torrent',
  },
  archive: {
    act: (people, name) => withTorrent(people, name, [['act', 'archive']]),
    from: IN_FROM,
    to: 'archive/from/NAME.torrent',
  },
  edit: {
    act: async (people, name) => {
      const form = fieldsOf(await withTorrent(people, name, [['act', 'edit']]))
      return people.bob.post('/edit', [
        ...form.filter(([field]) => !['comment', 'source'].includes(field)),
        ['comment', 'new'],
        // Changes the info hash, by which the owner is known
        ['source', 'new'],
        ['act', 'save'],
      ])
    },
    from: IN_FROM,
    to: IN_FROM,
    isDone: ({ root, name }) => {
      const { comment, source } = parseMetainfo(readFileSync(join(root, `t/from/${name}.torrent`)))
      assert.equal(source, comment === 'new' ? 'new' : null)
      return comment === 'new'
    },
  },
  delete: {
    act: remove,
    from: IN_FROM,
    to: IN_BIN,
  },
  undo: {
    prepare: async (people, name) => {
      await add(people, name)
      await remove(people, name)
    },
    act: async ({ bob }) => bob.post('/bin', fieldsOf(await bob.get('/bin'))),
    from: IN_BIN,
    to: IN_FROM,
  },
  'rename category': {
    prepare: async (people, name) => {
      await category(people, 'create', [
        ['parent', '0'],
        ['name', `old ${name}`],
      ])
      await add(people, name)
      await withTorrent(people, name, [
        ['act', 'move'],
        ['to', `0/old ${name}`],
      ])
    },
    act: (people, name) =>
      category(people, 'rename', [
        ['category', `0/old ${name}`],
        ['name', `new ${name}`],
      ]),
    from: 't/old NAME/NAME.torrent',
    to: 't/new NAME/NAME.torrent',
  },
  ban: {
    prepare: () => Promise.resolve(),
    act: banAddress,
    ...{ from: null, to: null, isDone: isBanned },
  },
  'lift a ban': {
    prepare: banAddress,
    act: ({ alice }, name) => alice.post('/bans', { kind: 'addresses', lift: addressOf(name) }),
    ...{ from: null, to: null },
    isDone: async (place) => !(await isBanned(place)),
  },
}

/** The paths of a torrent below a directory. */
function placesOf(root: string, name: string): string[] {
  return filesBelow(root).filter((path) => basename(path) === `${name}.torrent`)
}

function matches(pattern: string | null, name: string, paths: readonly string[]): boolean {
  if (pattern === null) return paths.length === 0
  return paths.some((path) => new RegExp(`^${pattern.replaceAll('NAME', name)}$`).test(path))
}

/** The directories that only one torrent has. */
const emptied = (name: string) => ['t/.bin', `t/old ${name}`, `t/new ${name}`]

/** Checks that nothing is half done. Returns whether the change is done. */
async function checkWhole(change: Change, place: Place): Promise<boolean> {
  const { root, people, name } = place
  const paths = placesOf(root, name)
  assert.ok(paths.length <= 1, paths.join())
  for (const path of paths) parseMetainfo(readFileSync(join(root, path)))
  const strange = [...filesBelow(join(root, 't')), ...filesBelow(join(root, 'archive'))].filter(
    (path) => !/\.(torrent|txt)$/.test(path) && !isTemporaryName(basename(path)),
  )
  assert.deepEqual(strange, [])
  const isDone = change.isDone ? await change.isDone(place) : matches(change.to, name, paths)
  assert.ok(isDone || matches(change.from, name, paths), `${name}: ${paths.join()}`)
  const [path] = paths
  if (path !== undefined) await checkOwner(people, path)
  for (const page of ['/', '/torrents', '/upload', '/categories', '/bin', '/bans', '/log']) {
    const { status, text } = await people.alice.get(page)
    assert.equal(status, 200, `${page}: ${text}`)
  }
  return isDone
}

/** Makes sure that bob may still change a torrent. */
async function checkOwner({ bob }: People, path: string): Promise<void> {
  const name = basename(path)
  if (path.includes('/.bin/')) {
    assert.ok((await bob.get('/bin')).text.includes(`aria-label="${name}"`), `${path} in bob's bin`)
    return
  }
  const [root = '', ...categories] = path.split('/').slice(0, -1)
  const address = [root === 't' ? '0' : '1', ...categories].join('/')
  const { text } = await bob.get(`/torrents?in=${encodeURIComponent(address)}`)
  assert.ok(text.includes(`value="${address}/${name}"`), `${path} is bob's`)
}

const PLANTED: Files = {
  't/from/readme.txt': '',
  't/to/readme.txt': '',
  'archive/readme.txt': '',
  'data/film/a.bin': 'a',
}

async function start(t: TestContext, root: string) {
  const server = await startAdminProcess(t, root)
  const people = { alice: await server.logIn('alice'), bob: await server.logIn('bob') }
  return { server, people }
}

test('kill -9', { concurrency: 2 }, async (t) => {
  const kinds = Object.entries(CHANGES).map(([what, change]) => {
    return t.test(`before each step of: ${what}`, async (t) => {
      const root = makeScratch(t, PLANTED)
      let { server, people } = await start(t, root)
      const { prepare = add, act } = change
      let kills = 0
      for (let step = 1; ; step++) {
        assert.ok(step < MOST_STEPS, 'more steps than expected')
        const name = `x${step}`
        await prepare(people, name)
        server.killAtStep(step)
        const isAnswered = await act(people, name).then(
          () => true,
          (error: unknown) => {
            // The connection was broken off
            const { code = '' } = error as NodeJS.ErrnoException
            if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code)) return false
            throw error
          },
        )
        if (isAnswered) break
        assert.equal(await server.ended(), 'SIGKILL')
        kills++
        ;({ server, people } = await start(t, root))
        const place = { root, people, name }
        if (!(await checkWhole(change, place))) await act(people, name)
        assert.ok(await checkWhole(change, place), 'done after a second attempt')
        assert.equal(server.stderr(), '')
      }
      server.spare()
      assert.ok(await checkWhole(change, { root, people, name: `x${kills + 1}` }))
      assert.ok(kills > 0)
      t.diagnostic(`${kills} kills`)
      await server.stop()
    })
  })
  await Promise.all(kinds)
})

for (const [what, change] of Object.entries(CHANGES)) {
  test(`each call of the system fails in: ${what}`, unlessProc, async (t) => {
    makeHashesCheap(t)
    const root = makeScratch(t, PLANTED)
    const args = ['--allowed-dir', join(root, 't'), '--archive-dir', join(root, 'archive')]
    const admin = ['--admin-users', plantUsers(root), '--admin-listen', '127.0.0.1:0']
    const state = ['--state-dir', join(root, 'state'), '--make-from', join(root, 'data')]
    const tracker = await startTrack(t, { args: [...args, ...admin, ...state] })
    const { logIn } = visitsOf(tracker.stdout.text)
    const enter = async () => ({ alice: await logIn('alice'), bob: await logIn('bob') })
    let people = await enter()
    const { prepare = add, act } = change
    let count = 0
    await failEachCall({
      arrange: async () => {
        const name = `x${++count}`
        await prepare(people, name)
        return name
      },
      act: async (name) => {
        // What comes instead may be any page
        await act(people, name).catch(() => undefined)
      },
      look: async (_, name, failed) => {
        // Nobody is logged in when the users can't be read
        people = await enter()
        const place = { root, people, name }
        if (!(await checkWhole(change, place))) await act(people, name)
        assert.ok(await checkWhole(change, place), `done after ${failed}`)
        // With each torrent more, the tracker would make more calls, so that these never ended
        for (const path of placesOf(root, name)) rmSync(join(root, path))
        for (const path of emptied(name)) rmSync(join(root, path), { recursive: true, force: true })
      },
    })
    const { status, stderr } = await tracker.stop()
    assert.equal(status, 0)
    assert.match(stderr, /^(btkit: warning: [^\n]+\n)*$/)
  })
}
