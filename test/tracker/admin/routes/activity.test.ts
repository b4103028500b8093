import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Activity, ActivityLog } from '../../../../src/tracker/admin/storage/activity-log.js'
import { startAdmin, startForms, startFormsAs } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { makeScratch } from '../../../support/scratch.js'

const entry = (target: string): Activity => {
  return { at: 0, user: 'alice', address: null, action: 'edit', target }
}

const fail = (warning: string) => assert.fail(warning)

test('an entry that cannot be written is warned of once, and the next one is tried', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  const warnings: string[] = []
  const log = await ActivityLog.open(path, (warning) => warnings.push(warning))
  rmSync(path)
  mkdirSync(path)
  await log.note(entry('first'))
  await log.note(entry('second'))
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /admin\.log: .*directory.*; changes are not logged until/)
  rmdirSync(path)
  await log.note(entry('third'))
  assert.deepEqual(
    (await log.latest(10)).map(({ target }) => target),
    ['third'],
  )
  assert.deepEqual(warnings.slice(1), [`${path}: changes are logged again`])
})

test('who did what is listed, newest first; a line that a crash cut off is skipped', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  await (await ActivityLog.open(path, fail)).note(entry('first'))
  appendFileSync(path, '{"time":"1970-01-01T00:0')
  const log = await ActivityLog.open(path, fail)
  await log.note(entry('second'))
  assert.deepEqual(
    (await log.latest(10)).map(({ target }) => target),
    ['second', 'first'],
  )
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('the log is bounded, and its last entries stay', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  const log = await ActivityLog.open(path, fail, 1_500_000)
  const long = 'x'.repeat(1500)
  for (let at = 0; at < 2000; at++) await log.note(entry(`${at} ${long}`))
  assert.ok(statSync(path).size < 1_600_000)
  assert.match((await log.latest(700))[600]?.target ?? '', /^1399 /)
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('neither a busy user nor a stranger pushes out what others did', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  const log = await ActivityLog.open(path, fail, 200_000)
  for (let at = 0; at < 50; at++) await log.note(entry(`${at}`))
  const long = 'x'.repeat(500)
  for (let at = 0; at < 2000; at++) {
    const action = at % 2 === 0 ? 'delete' : 'fail to log in'
    await log.note({ ...entry(`${at} ${long}`), user: at % 2 === 0 ? 'bob' : 'alice', action })
  }
  const all = await log.latest(5000)
  const own = all.filter(({ user, action }) => user === 'alice' && action === 'edit')
  assert.deepEqual(
    own.map(({ target }) => target),
    Array.from({ length: 50 }, (_, at) => `${49 - at}`),
  )
  assert.match(all[1]?.target ?? '', /^1998 /)
  assert.ok(statSync(path).size <= 200_000)
})

test('entries are kept for 90 days, however few or many there are', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  const log = await ActivityLog.open(path, fail)
  const kept = async (day: number) => {
    await log.note({ ...entry(`day ${day}`), at: day * 86_400_000 })
    return (await log.latest(10)).map(({ target }) => target).reverse()
  }
  assert.deepEqual(await kept(0), ['day 0'])
  assert.deepEqual(await kept(1), ['day 0', 'day 1'])
  assert.deepEqual(await kept(89), ['day 0', 'day 1', 'day 89'])
  assert.deepEqual(await kept(90), ['day 1', 'day 89', 'day 90'])
})

test('a log of 32 MiB loses its oldest lines until a quarter is free', async (t) => {
  const path = join(makeScratch(t), 'admin.log')
  const most = 32 * 2 ** 20
  const times = '"time":"1970-01-01T00:00:00Z"'
  const line = `{${times},"user":"alice","action":"edit","target":"${'x'.repeat(1900)}"}\n`
  writeFileSync(path, line.repeat(Math.floor(most / line.length)))
  const log = await ActivityLog.open(path, fail)
  const sizes = [statSync(path).size]
  while (sizes.length < 4) {
    await log.note({ ...entry('y'.repeat(line.length / 2)), at: 0 })
    sizes.push(statSync(path).size)
  }
  const full = Math.max(...sizes)
  assert.ok(full <= most && full > most - 2 * line.length, `${full}`)
  const kept = (await log.latest(4)).map(({ target }) => target.slice(0, 5))
  assert.deepEqual(kept, ['yyyyy', 'yyyyy', 'yyyyy', 'xxxxx'])
  assert.ok(sizes.some((size) => size <= (3 / 4) * most + line.length && size > 0.7 * most))
})

test('an act on many things is one line, which names all of them if they are few', async (t) => {
  const names = Array.from({ length: 100 }, (_, i) => `${'n'.repeat(40)}${i}`)
  const files = names.map((name) => [`torrents/${name}.torrent`, torrentNamed(name)] as const)
  const { root, browser: alice } = await startFormsAs(t, 'alice', Object.fromEntries(files))
  const remove = (some: readonly string[]) =>
    alice.post('/torrents', { act: 'delete', torrent: some.map((name) => `0/${name}.torrent`) })
  await remove(names.slice(0, 3))
  await remove(names.slice(3))
  const lines = readFileSync(join(root, 'state/admin.log'), 'utf8').trim().split('\n')
  const [few = '', many = ''] = lines.slice(-2)
  const target = (i: number) => join(root, `torrents/${names[i]}.torrent`)
  const { others } = JSON.parse(few) as { others: string[] }
  assert.deepEqual(others, [target(1), target(2)])
  const { target: first, count } = JSON.parse(many) as { target: string; count: number }
  assert.deepEqual([lines.length, first, count], [3, target(3), 97])
  assert.match(
    (await alice.get('/log')).text,
    /<summary>97 torrents<[^]*and 96 more[^]*<summary>3 torrents</,
  )
})

test('the page shows hostile text as text, to admins only', async (t) => {
  const { logIn, root } = await startAdmin(t)
  const log = await ActivityLog.open(join(root, 'state/admin.log'), fail)
  await log.note({ ...entry('<b>x</b>\u202e'), at: Date.now(), details: '"><script>' })
  const { text } = await (await logIn()).get('/log')
  assert.match(text, /&lt;b&gt;x&lt;\/b&gt;\\u\{202e\}/)
  assert.match(text, /&quot;&gt;&lt;script&gt;/)
  assert.match(text, /logged in/)
  const bob = await logIn('bob')
  assert.equal((await bob.get('/log')).status, 403)
  assert.doesNotMatch((await bob.get('/')).text, /href="log"/)
})

test('the page says how far back it looked for the entries of a user', async (t) => {
  const { logIn, root } = await startAdmin(t)
  const time = new Date().toISOString()
  const lines = Array.from({ length: 6000 }, (_, at) => {
    const user = at === 0 ? 'bob' : 'alice'
    return `{"time":"${time}","user":"${user}","action":"edit","target":"x"}\n`
  })
  appendFileSync(join(root, 'state/admin.log'), lines.join(''))
  const session = await logIn()
  assert.match((await session.get('/log?user=bob')).text, /nothing in the last 5000 entries/)
})

test('the page says in words what was done, once for each act, with links to the things', async (t) => {
  const { logIn, root } = await startForms(t, {
    'torrents/x/a 1.torrent': torrentNamed('a'),
    'torrents/x/b.torrent': torrentNamed('b'),
    'torrents/y/readme.txt': '',
  })
  const alice = await logIn()
  const torrent = (name: string) => ['torrent', `0/${name}.torrent`] as const
  const both = [torrent('x/a 1'), torrent('x/b')]
  await alice.post('/torrents', [['act', 'move'], ['to', '0/y'], ...both])
  await alice.post('/torrents', [['act', 'delete'], torrent('y/b')])
  for (const name of ['u', 'v'])
    await alice.post('/categories', { act: 'create', parent: '0', name })
  const { text } = await alice.get('/log')
  const rows = [...text.matchAll(/<tr>([^]*?)<\/tr>/g)].slice(1).map(([, row = '']) => {
    const cells = [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].slice(1, 4)
    const plain = (cell = '') =>
      cell
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim()
    return plain(cells.map(([, cell]) => cell).join(' '))
  })
  assert.deepEqual(rows, [
    'alice created the category v',
    'alice created the category u',
    'alice deleted y / b',
    'alice moved 2 torrents x / a 1 x / b to y',
    'alice logged in',
  ])
  assert.match(text, /<a href="torrents\?q=a\+1">x \/ a 1<\/a>/)
  assert.match(text, /to <a href="torrents\?in=0%2Fy">y<\/a>/)
  assert.equal(text.includes(root), false)
})

test('items are searched, and the first page lists what was added last', async (t) => {
  const { logIn } = await startForms(t, { 'torrents/linux/readme.txt': '' })
  const [alice, bob] = [await logIn(), await logIn('bob')]
  await alice.upload({ 'asteria.torrent': torrentNamed('asteria') }, { to: '0/linux' })
  await bob.upload({ 'film.torrent': torrentNamed('film') })
  const found = (await alice.get('/log?q=ASTER')).text
  assert.match(found, />linux \/ asteria</)
  assert.doesNotMatch(found, />film</)
  const recent = (text: string) =>
    [...(text.split('Recent uploads</h2>')[1] ?? '').matchAll(/<a href="torrents\?q=(\w+)"/g)].map(
      ([, name]) => name,
    )
  assert.deepEqual(recent((await alice.get('/')).text), ['film', 'asteria'])
  assert.deepEqual(recent((await bob.get('/')).text), ['film'])
})
