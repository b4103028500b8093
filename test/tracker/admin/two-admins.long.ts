import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { assertShows, type Fields, fieldsOf, type Visitor } from '../../support/visitor.js'
import { startAdminProcess } from '../../support/admin-process.js'
import { filesBelow, torrentNamed } from '../../support/collection.js'
import { random } from '../../support/random.js'
import { makeScratch } from '../../support/scratch.js'

// Two sessions of a real tracker change the same torrent or category at once, over HTTP

type Answer = Awaited<ReturnType<Visitor['post']>>

/** A torrent `NAME.torrent` in a category `NAME`, and what somebody is about to do with it. */
interface Act {
  /** Opens the form. Returns what sends it. */
  readonly open: (worker: Visitor, name: string, who: number) => Promise<() => Promise<Answer>>
  /** Where the torrent is afterwards, below the directory of all files; null for where it was. */
  readonly to: ((name: string) => RegExp) | null
}

const sendChosen =
  (fields: Fields): Act['open'] =>
  (worker, name) =>
    Promise.resolve(() =>
      worker.post('/torrents', [['torrent', `0/${name}/${name}.torrent`], ...fields]),
    )

const ACTS: Readonly<Record<string, Act>> = {
  edit: {
    open: async (worker, name, who) => {
      const chosen = sendChosen([['act', 'edit']])
      const form = fieldsOf(await (await chosen(worker, name, who))())
      const fields: Fields = [
        ...form.filter(([field]) => field !== 'comment'),
        ['comment', `of ${who}`],
        ['act', 'save'],
      ]
      return () => worker.post('/edit', fields)
    },
    to: null,
  },
  move: {
    open: sendChosen([
      ['act', 'move'],
      ['to', '0/to'],
    ]),
    to: (name) => new RegExp(`^t/to/${name}\\.torrent$`),
  },
  archive: {
    open: sendChosen([['act', 'archive']]),
    to: (name) => new RegExp(`^archive/${name}/${name}\\.torrent$`),
  },
  delete: {
    open: sendChosen([['act', 'delete']]),
    to: (name) => new RegExp(`^t/\\.bin/[\\w-]+/${name}/${name}\\.torrent$`),
  },
  rename: {
    open: (worker, name, who) =>
      Promise.resolve(() =>
        worker.post('/categories', {
          act: 'rename',
          category: `0/${name}`,
          name: `${name} of ${who}`,
        }),
      ),
    to: (name) => new RegExp(`^t/${name} of [12]/${name}\\.torrent$`),
  },
}

const wasDone = ({ status, text }: Answer) =>
  (status === 303 && !/role="alert"/.test(text)) ||
  /1 torrent (?:changed|moved|archived|deleted)/.test(text)

async function start(t: TestContext, directories: readonly string[] = []) {
  const planted = ['t/to', 'archive', 'data', ...directories].map((each) => [`${each}/r.txt`, ''])
  const root = makeScratch(t, Object.fromEntries(planted) as Record<string, string>)
  const server = await startAdminProcess(t, root)
  const [one, two] = [await server.logIn('alice'), await server.logIn('alice')]
  const placesOf = (name: string) =>
    [...filesBelow(join(root, 't')).map((path) => `t/${path}`)]
      .concat(filesBelow(join(root, 'archive')).map((path) => `archive/${path}`))
      .filter((path) => basename(path) === `${name}.torrent`)
  return { root, server, one, two, placesOf }
}

/** Sends both at nearly the same time. */
function atOnce(one: () => Promise<Answer>, two: () => Promise<Answer>): Promise<Answer[]> {
  const soon = () => setTimeout(random() * 4)
  return Promise.all([soon().then(one), soon().then(two)])
}

test('of two changes at once, each is done or told why not, as if one came later', async (t) => {
  const names = Object.keys(ACTS)
  const pairs = names.flatMap((a) => names.map((b) => [a, b] as const))
  const cases = pairs.map(([a, b]) => ({ a, b, name: `${a}-${b}` }))
  const { root, server, one, two, placesOf } = await start(
    t,
    cases.map(({ name }) => `t/${name}`),
  )
  for (const { a, b, name } of cases) {
    await one.upload({ [`${name}.torrent`]: torrentNamed(name, 'old') }, { to: `0/${name}` })
    const acts = [ACTS[a]!, ACTS[b]!]
    const opened = await Promise.all([acts[0]!.open(one, name, 1), acts[1]!.open(two, name, 2)])
    const answers = await atOnce(...opened)
    const done = answers.map(wasDone)
    for (const answer of answers) {
      assert.ok(answer.status < 500, `${name}: ${answer.status} ${answer.text}`)
      assert.notEqual(/role="alert"/.test(answer.text), wasDone(answer), `${name}: ${answer.text}`)
    }
    const both = `${name}: ${done.join(' and ')}`
    assert.ok(done.includes(true), both)
    if (a === b) assert.deepEqual([...done].sort(), [false, true], both)
    const [place = '', ...others] = placesOf(name)
    assert.deepEqual(others, [], name)
    const moved = acts.filter(({ to }, at) => done[at] && to?.(name).test(place))
    const moves = acts.filter(({ to }, at) => done[at] && to !== null)
    assert.equal(moved.length > 0, moves.length > 0, `${both}: ${place}`)
    const { comment } = parseMetainfo(readFileSync(join(root, place)))
    const edited = [a, b].findIndex((act, at) => act === 'edit' && done[at])
    assert.equal(comment, edited < 0 ? 'old' : `of ${edited + 1}`, both)
  }
  assert.equal(server.stderr(), '')
})

test('a deleted torrent is restored by one of two, and banned addresses by both are kept', async (t) => {
  const { server, one, two, placesOf } = await start(t)
  await one.upload({ 'a.torrent': torrentNamed('a') }, { to: '0/to' })
  await one.post('/torrents', { act: 'delete', torrent: '0/to/a.torrent' })
  const ids = fieldsOf(await one.get('/bin'))
  const restored = await atOnce(
    () => one.post('/bin', ids),
    () => two.post('/bin', ids),
  )
  assert.deepEqual(restored.map(({ text }) => /1 torrent restored/.test(text)).sort(), [
    false,
    true,
  ])
  assert.deepEqual(placesOf('a'), ['t/to/a.torrent'])
  const ban = (worker: Visitor, address: string) => () =>
    worker.post('/bans', { act: 'ban', kind: 'addresses', addresses: address })
  for (let i = 1; i <= 20; i++) await atOnce(ban(one, `192.0.2.${i}`), ban(two, `198.51.100.${i}`))
  const { text } = await one.get('/bans')
  for (let i = 1; i <= 20; i++)
    for (const net of ['192.0.2', '198.51.100']) assertShows(text, `>${net}.${i}<`)
  const same = await atOnce(ban(one, '203.0.113.1'), ban(two, '203.0.113.1'))
  assert.deepEqual(same.map(({ status }) => status).sort(), [303, 400])
  assert.equal(server.stderr(), '')
})

test('of two uploads under one name, one is added and the other refused', async (t) => {
  const { one, server, placesOf } = await start(t)
  const bob = await server.logIn('bob')
  const upload = (worker: Visitor, name: string) => () =>
    worker.upload({ 'a.torrent': torrentNamed(name) }, { to: '0/to' })
  const answers = await atOnce(upload(one, 'of alice'), upload(bob, 'of bob'))
  assert.deepEqual(answers.map(({ text }) => /1 torrent added/.test(text)).sort(), [false, true])
  assert.deepEqual(answers.map(({ text }) => /already exists/.test(text)).sort(), [false, true])
  assert.deepEqual(placesOf('a'), ['t/to/a.torrent'])
})
