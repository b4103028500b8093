import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'node:test'
import { Presence } from '../../../src/pages/gui/open-gui.js'
import { openTestGui } from '../../support/gui.js'
import { ask } from '../../support/visitor.js'
import { plantFiles } from '../../support/scratch.js'
import { giveAway } from '../../support/unprivileged.js'

test('the file leads to the pages, is for the user only, and each address works once', async (t) => {
  const { file, address, pages } = await openTestGui(t)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const link = () => /url=(http:[^"]+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
  const first = link()
  assert.equal((await ask(first)).location, new URL(pages).pathname)
  assert.equal((await ask(first)).status, 404)
  assert.notEqual(link(), first)
  assert.equal((await ask(link())).status, 303)
  assert.equal((await ask(`${address}/open/${'0'.repeat(32)}`)).status, 404)
})

test('without the secret path nothing is shown', async (t) => {
  const { address, pages } = await openTestGui(t)
  for (const path of ['/', '/make', '/style.css', `/${'0'.repeat(32)}/make`])
    assert.equal((await ask(address + path)).status, 404, path)
  assert.equal((await ask(pages)).status, 200)
})

test('requests by another name, and forms of other sites, are refused', async (t) => {
  const { pages } = await openTestGui(t)
  const { port } = new URL(pages)
  const quit = `${pages}quit`
  assert.equal((await ask(pages, { headers: { Host: `evil.example:${port}` } })).status, 403)
  assert.equal((await ask(pages, { headers: { Host: `localhost:${port}` } })).status, 200)
  const { origin } = new URL(pages)
  for (const path of ['/%zz', '/%ff', '/%'])
    assert.equal(
      (await ask(origin + path, { headers: { Host: `evil.example:${port}` } })).status,
      403,
    )
  const unknown = await ask(`${origin}/%zz`)
  assert.deepEqual([unknown.status, /^[{]/.test(unknown.text)], [404, false])
  for (const headers of [
    { Origin: 'http://evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site', Origin: 'null' },
  ] as Record<string, string>[])
    assert.equal((await ask(quit, { method: 'POST', headers })).status, 403)
})

test('it ends when a page asks for that, and leaves no file', async (t) => {
  const gui = await openTestGui(t)
  const answer = await gui.send('quit', {})
  assert.match(answer.text, /btkit has ended/)
  await gui.ended
  assert.ok(existsSync(gui.file))
})

test('a page that is open keeps it running; it ends when the last one closes', async () => {
  let isBusy = false
  let gone = 0
  const presence = new Presence(
    () => isBusy,
    () => gone++,
    10,
  )
  const closeFirst = presence.open()
  const closeSecond = presence.open()
  closeFirst()
  closeFirst()
  await setTimeout(30)
  assert.equal(gone, 0)
  isBusy = true
  closeSecond()
  await setTimeout(30)
  assert.equal(gone, 0, 'during work')
  isBusy = false
  presence.look()
  presence.open()()
  await setTimeout(30)
  assert.equal(gone, 1)
  presence.close()
})

test('a page that closes after the program was told to end does not keep it running', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let gone = 0
  const presence = new Presence(
    () => false,
    () => gone++,
    30_000,
  )
  const closePage = presence.open()
  presence.close()
  closePage()
  t.mock.timers.tick(60_000)
  assert.equal(gone, 0)
})

test('without scripts, no page holds it open, and the end of work does not end it', async () => {
  let gone = 0
  const presence = new Presence(
    () => false,
    () => gone++,
    5,
  )
  presence.look()
  await setTimeout(20)
  assert.equal(gone, 0)
  presence.close()
})

test('a page counts while its connection of events is open', async (t) => {
  const { pages, ended } = await openTestGui(t)
  const stream = request(`${pages}alive`, { agent: false })
  const type = await new Promise((resolve) => {
    stream.on('response', ({ headers }) => {
      resolve(headers['content-type'])
    })
    stream.end()
  })
  assert.equal(type, 'text/event-stream')
  stream.destroy()
  const isEnded = await Promise.race([ended.then(() => true), setTimeout(50, false)])
  assert.equal(isEnded, false, 'a reload takes a moment')
})

test('paths of other directories are no assets', async (t) => {
  const { pages } = await openTestGui(t)
  for (const path of ['..%2f..%2fetc/passwd', 'job/..%2f..', 'style.css/../../x'])
    assert.equal(
      (await ask(join(pages.replace('://', ':/'), path).replace(':/', '://'))).status,
      404,
    )
})

test('what killed windows left is removed at the next start, and nothing else', async (t) => {
  const { file, root } = await openTestGui(t)
  const own = basename(dirname(file))
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  const named = (pid: number | string, host = own.split('-')[2]) =>
    `btkit-gui-${host}-${pid}-aB3xYz`
  const gone = named(dead)
  const kept = [
    own,
    named(process.pid),
    named(dead, '00000000'),
    'btkit-gui-notes',
    named(dead) + '1',
  ]
  for (const name of [gone, ...kept]) {
    plantFiles(root, { [`${name}/btkit.html`]: '' })
  }
  const other = `${named(dead).slice(0, -6)}ABCDEF`
  plantFiles(root, { [`${other}/mine`]: '' })
  const [linked, open, foreign] = ['LINKED', 'OPENED', 'OTHERS'].map((end) =>
    join(root, other.slice(0, -6) + end),
  ) as [string, string, string]
  for (const path of [join(root, 'precious'), open, foreign]) plantFiles(path, { 'btkit.html': '' })
  symlinkSync(join(root, 'precious'), linked)
  chmodSync(open, 0o777)
  giveAway(foreign)
  await openTestGui(t, {}, { runtimeDirectory: root })
  assert.equal(existsSync(join(root, gone)), false)
  // Behind a link, and where others can write; root alone can make what is another user's
  const isRoot = process.geteuid?.() === 0
  for (const path of [linked, open, ...(isRoot ? [foreign] : [])])
    assert.equal(existsSync(join(path, 'btkit.html')), true, path)
  for (const name of kept) assert.equal(existsSync(join(root, name, 'btkit.html')), true, name)
  assert.equal(existsSync(join(root, other, 'mine')), true)
})

test('an address without a page, and a job that was forgotten, are told on a page', async (t) => {
  const { get, pages } = await openTestGui(t)
  for (const path of ['nowhere', 'job/0123', 'job/0123/state/x']) {
    const { status, text } = await get(path)
    assert.equal(status, 404)
    assert.match(text, /role="alert"/)
    const [, style = ''] = /href="([^"]*style\.css)"/.exec(text) ?? []
    assert.equal(new URL(style, new URL(path, pages)).href, `${pages}style.css`)
  }
})

test('the result of a job is rendered once', async (t) => {
  const { send, get } = await openTestGui(t, { a: 'a' })
  const made = await send('make', { act: 'make', path: 'a' })
  const [, job] = /href="job\/(\w+)"/.exec((await get('')).text) ?? []
  assert.equal((await get(`job/${job}`)).text, made.text)
})
