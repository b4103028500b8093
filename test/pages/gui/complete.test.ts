import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTestGui } from '../../support/gui.js'
import { longTest } from '../../support/long.js'

function torrentsIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.torrent'))
}

test('a plan says what needs a torrent; then all are made, and later what changed', async (t) => {
  const { root, get, send } = await openTestGui(t, { 'd/a': 'a', 'd/b': 'b', 'd/empty': '' })
  const directory = join(root, 'd')
  const plan = await send('complete', { act: 'look', path: 'd' })
  assert.match(plan.text, /Need a torrent \(2\)/)
  assert.match(plan.text, /empty<\/span>: <span class="unsure">it holds no bytes/)
  assert.deepEqual(torrentsIn(directory), [])
  const done = await send('complete', { act: 'make', path: 'd' })
  assert.match(done.text, /New torrents \(2\)/)
  assert.doesNotMatch(done.text, /\b0 (?:torrents|B)\b/)
  const link = /href="\.\.\/(edit[^"]+)" aria-label="Edit the torrent of a"/.exec(done.text)?.[1]
  assert.match((await get(link ?? '')).text, /<h1>Edit a\.torrent<\/h1>/)
  const check = /href="\.\.\/(check[^"]+)" aria-label="Verify a"/.exec(done.text)?.[1] ?? ''
  const fields = new URLSearchParams(check.replace('check?', '').replaceAll('&amp;', '&'))
  const checked = await send('check', { act: 'check', ...Object.fromEntries(fields) })
  assert.match(checked.text, /All files are complete/)
  assert.deepEqual(torrentsIn(directory), ['a.torrent', 'b.torrent'])
  const idle = await send('complete', { act: 'make', path: 'd' })
  assert.match(idle.text, /2 torrents up to date/)
  writeFileSync(join(directory, 'a'), 'other')
  const changed = await send('complete', { act: 'make', path: 'd' })
  assert.match(changed.text, /Updated torrents \(1\)/)
})

test('a plan has sizes, and buttons for each torrent that is left alone', async (t) => {
  const { root, send } = await openTestGui(t, { 'd/a': 'a'.repeat(2048), 'd/b': 'b'.repeat(1024) })
  await send('make', { act: 'make', path: 'd/a', comment: 'mine' })
  const { text } = await send('complete', { act: 'look', path: 'd' })
  assert.match(text, /1 torrent to create, 1 KiB of content/)
  assert.match(text, /data-label="Size"><data value="1024">1.0 KiB</)
  assert.doesNotMatch(text, /had to be read/)
  const acts = [...text.matchAll(/<button name="(\w+)-one"\s+value="a"/g)].map(([, act]) => act)
  assert.deepEqual(acts, ['adopt', 'force'])
  const kept = await send('complete', { act: 'make', path: 'd', 'adopt-one': 'a' })
  assert.match(kept.text, /Adopted torrents \(1\)/)
  const again = await send('complete', { act: 'make', path: 'd', 'force-one': 'a' })
  assert.match(again.text, /<h1>Done</)
  assert.deepEqual(torrentsIn(join(root, 'd')), ['a.torrent'])
})

test('what is no directory is named above the form', async (t) => {
  const { root, send } = await openTestGui(t, { 'd/a': 'a' })
  for (const [path, target, wrong] of [
    ['d', 'missing', 'missing'],
    ['d/a', '', 'd/a'],
  ] as const) {
    const { status, text } = await send('complete', { act: 'look', path, target })
    assert.equal(status, 400)
    assert.match(text, new RegExp(`<h1>Create many torrents[^]*${join(root, wrong)}: not a folder`))
  }
})

test('only checked entries get a torrent', async (t) => {
  const { root, send } = await openTestGui(t, { 'd/a': 'a', 'd/b': 'b', 'd/new\nline': 'c' })
  const { text } = await send('complete', { act: 'look', path: 'd' })
  const plan = /name="plan"\s+value="([^"]+)"/.exec(text)?.[1] ?? ''
  const none = await send('complete', { act: 'make', path: 'd', plan })
  assert.deepEqual([none.status, torrentsIn(join(root, 'd'))], [400, []])
  await send('complete', { act: 'make', path: 'd', plan, entry: 'b' })
  assert.deepEqual(torrentsIn(join(root, 'd')), ['b.torrent'])
  const odd = /name="entry"\s+value="(new[^"]+)"/.exec(text)?.[1] ?? ''
  await send('complete', { act: 'make', path: 'd', plan, entry: odd.replace('\n', '\r\n') })
  assert.deepEqual(torrentsIn(join(root, 'd')), ['b.torrent', 'new\nline.torrent'])
})

longTest(
  'of a plan that is too long to list, the rest is made if its box is checked',
  async (t) => {
    const names = Array.from({ length: 2003 }, (_, at) => `d/${String(at).padStart(4, '0')}`)
    const { root, send } = await openTestGui(
      t,
      Object.fromEntries(names.map((name) => [name, 'x'])),
    )
    const { text } = await send('complete', { act: 'look', path: 'd' })
    assert.match(text, /name="rest"[^]*3 entries that are not listed/)
    const plan = /name="plan"\s+value="([^"]+)"/.exec(text)?.[1] ?? ''
    await send('complete', { act: 'make', path: 'd', plan, entry: '0007' })
    assert.deepEqual(torrentsIn(join(root, 'd')), ['0007.torrent'])
    await send('complete', { act: 'make', path: 'd', plan, entry: '0008', rest: 'on' })
    assert.deepEqual(torrentsIn(join(root, 'd')), [
      ...['0007', '0008', '2000', '2001', '2002'].map((name) => `${name}.torrent`),
    ])
  },
)
