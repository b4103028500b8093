import assert from 'node:assert/strict'
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { startFakeTransmission } from '../../support/fake-transmission.js'
import { executable } from '../../support/executable.js'
import { openTestGui } from '../../support/gui.js'
import { formPresets } from '../../../src/cli/configuration/form-presets.js'
import { makeScratch } from '../../support/scratch.js'
import { plantEndless } from '../../support/endless.js'
import { runBtkit } from '../../support/run-btkit.js'
import { until } from '../../support/until.js'

const TREE = { 'tree/a': 'a'.repeat(50_000), 'tree/b/c': 'c'.repeat(70_000) }

function read(path: string) {
  return parseMetainfo(readFileSync(path), { maxSize: 1e6 })
}

test('a torrent of the form is the torrent of the command line', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const made = await send('make', {
    act: 'make',
    path: 'tree',
    trackers: 'http://a.example/announce\r\nhttp://b.example/announce\r\n\r\nudp://c.example:1',
    webSeeds: 'http://w.example/',
    comment: 'two words',
    source: 'TAG',
    private: 'on',
    version: 'hybrid',
    pieceLength: String(2 ** 15),
  })
  assert.equal(made.status, 200, made.text)
  const { announceList, comment, webSeeds, infoHash } = read(join(root, 'tree.torrent'))
  assert.deepEqual(announceList, [
    ['http://a.example/announce', 'http://b.example/announce'],
    ['udp://c.example:1'],
  ])
  assert.deepEqual([comment, webSeeds], ['two words', ['http://w.example/']])
  assert.match(made.text, new RegExp(`<code id="Info-hash[^"]*"\\s*>${infoHash}</code`))
  assert.match(made.text, /QR code of the magnet link/)
  const other = join(root, 'other.torrent')
  const args = ['--hybrid', '--piece-length', '32K', '--private', '--source', 'TAG', '--no-cache']
  await runBtkit(['makemetafile', join(root, 'tree'), '--trackerless', '--target', other, ...args])
  assert.equal(read(other).infoHash, infoHash)
})

test('a line of trackers may be a list as on the command line', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const trackers = 'http://a.example/a|http://b.example/a,http://c.example/a\r\nudp://d.example:1'
  const made = await send('make', { act: 'make', path: 'tree', trackers })
  assert.equal(made.status, 200, made.text)
  assert.deepEqual(read(join(root, 'tree.torrent')).announceList, [
    ['http://a.example/a'],
    ['http://b.example/a', 'http://c.example/a', 'udp://d.example:1'],
  ])
})

test('a preview tells pieces and sizes and writes nothing', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const { text } = await send('make', {
    act: 'plan',
    path: join(root, 'tree'),
    pieceLength: '16384',
  })
  assert.match(text, /2 files, 117 KiB, in 8 pieces of\s+16 KiB/)
  assert.equal(existsSync(join(root, 'tree.torrent')), false)
  writeFileSync(join(root, 'tree.torrent'), 'there already')
  const again = await send('make', { act: 'plan', path: 'tree', pieceLength: '16384' })
  assert.match(again.text, /in 8 pieces/)
  assert.match(again.text, /tree\.torrent: already exists; check the box to replace it/)
  const replacing = await send('make', { act: 'plan', path: 'tree', replace: 'on' })
  assert.doesNotMatch(replacing.text, /already exists/)
})

test('an existing file is replaced only if that is allowed, and never if it is no torrent', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const output = join(root, 'tree.torrent')
  writeFileSync(output, 'notes')
  const refused = await send('make', { act: 'make', path: 'tree' })
  assert.deepEqual([refused.status, /already exists/.test(refused.text)], [400, true])
  const kept = await send('make', { act: 'make', path: 'tree', replace: 'on' })
  assert.match(kept.text, /not a torrent/)
  assert.equal(readFileSync(output, 'utf8'), 'notes')
  writeFileSync(output, '')
  await send('make', { act: 'make', path: 'tree', replace: 'on' })
  assert.equal(read(output).name, 'tree')
  const other = await send('make', { act: 'make', path: 'tree/a', output, replace: 'on' })
  assert.equal(other.status, 200, other.text)
  assert.equal(read(output).name, 'a')
})

test('a torrent is saved in a directory, or beside the files, and its name ends with .torrent', async (t) => {
  const { root, send } = await openTestGui(t, { 'd/a': 'a', 'other/x': 'x' })
  for (const [output, made] of [
    [join(root, 'other'), 'other/a.torrent'],
    ['../other', 'other/a.torrent'],
    ['b', 'd/b.torrent'],
    ['c.torrent', 'd/c.torrent'],
  ] as const) {
    await send('make', { act: 'make', path: 'd/a', output, replace: 'on' })
    assert.equal(read(join(root, made)).name, 'a', output)
  }
})

test('mistakes are shown above the form, which keeps its values', async (t) => {
  const { send } = await openTestGui(t, TREE)
  for (const [fields, message] of [
    [{ path: '' }, /No file or folder was chosen/],
    [{ path: 'missing' }, /no such file/],
    [{ path: 'tree', trackers: 'tracker.example' }, /tracker\.example/],
    [{ path: 'tree', pieceLength: '5' }, /not a power of two/],
    [{ path: 'tree', version: 'v3' }, /not v1, v2 or hybrid/],
    [{ path: 'tree', private: 'on' }, /needs a tracker/],
    [{ path: 'a\0b' }, /invalid path/],
    [{ path: 'a'.repeat(10_000) }, /invalid path/],
  ] as [Record<string, string>, RegExp][]) {
    const { status, text } = await send('make', { act: 'make', comment: 'kept', ...fields })
    assert.equal(status, 400)
    assert.match(text, message)
    assert.match(text, />\nkept<\/textarea>/)
  }
})

test('the form names the values of a preset that it has no fields for', async (t) => {
  const presets = [{ name: 'site', fields: { source: 'EX' }, missing: ['include', 'set'] }]
  const { send } = await openTestGui(t, TREE, { presets })
  for (const [page, act] of [
    ['make', 'preset'],
    ['complete', 'look'],
  ] as const) {
    const { text } = await send(page, { act, preset: 'site', path: 'tree' })
    assert.match(text, /Torrents made here are without:\s+<code>include, set<\/code>/)
  }
})

test('torrents have the options of a preset for which a form has no field', async (t) => {
  const preset =
    'include: ["**/c"], max-piece-size: 16K, set: {info.x: [1, a], similar: [' +
    `${'ab'.repeat(20)}]}, created-by: me, http-seed: ["http://h.example/"], pad-files: true`
  const config = join(makeScratch(t), 'c.yaml')
  writeFileSync(config, `presets: {own: {trackerless: true, source: TAG, ${preset}}}\n`)
  const io = { env: {}, isRoot: false, cwd: '/' } as never
  const presets = await formPresets(config, io)
  const { root, send } = await openTestGui(t, TREE, { presets })
  const fields = { path: 'tree', preset: 'own', filled: 'own', source: 'TAG' }
  const { text } = await send('make', { ...fields, act: 'plan' })
  assert.match(text, /also have these options of the preset:\s+<code>include, max-piece-size, set/)
  assert.equal((await send('make', { ...fields, act: 'make' })).status, 200)
  const made = read(join(root, 'tree.torrent'))
  const other = join(root, 'other.torrent')
  const args = ['-P', 'own', '--config', config, '--output', other, '--no-cache']
  assert.equal((await runBtkit(['makemetafile', join(root, 'tree'), ...args])).status, 0)
  const { infoHash, httpSeeds, createdBy } = read(other)
  assert.deepEqual(
    [made.infoHash, made.httpSeeds, made.createdBy],
    [infoHash, httpSeeds, createdBy],
  )
  assert.equal(createdBy, 'me')
  // Without the preset nothing of it is left
  const without = { act: 'make', path: 'tree', source: 'TAG', filled: 'own', preset: '' }
  await send('make', { ...without, output: join(root, 'plain.torrent') })
  assert.notEqual(read(join(root, 'plain.torrent')).infoHash, infoHash)
})

test('the fields of a preset go when another one is chosen', async (t) => {
  const presets = [
    { name: 'A', fields: { source: 'OFA', exclude: '*.a', private: 'on' } },
    { name: 'B', fields: { comment: 'of B' } },
  ]
  const { send } = await openTestGui(t, TREE, { presets })
  const typed = { path: 'tree', trackers: 'http://typed.example/announce' }
  const ofA = { source: 'OFA', exclude: '*.a', private: 'on', filled: 'A' }
  const { text } = await send('make', { act: 'preset', preset: 'B', ...typed, ...ofA })
  assert.doesNotMatch(text, /OFA|\*\.a"|name="private" checked/)
  assert.match(text, />\nof B<\/textarea>/)
  assert.match(text, /http:\/\/typed\.example\/announce<\/textarea/)
})

test('a glob with spaces is left out if it stands in quotes', async (t) => {
  const { root, send } = await openTestGui(t, {
    'tree/My Files/secret': 'x',
    'tree/a.tmp': 'x',
    'tree/kept file': 'x',
  })
  const fields = { act: 'make', path: 'tree', trackers: 'http://t.example/announce' }
  const { status, text } = await send('make', { ...fields, exclude: '"My Files' })
  assert.equal(status, 400)
  assert.match(text, /has a quote that does not end/)
  await send('make', { ...fields, exclude: '*.tmp "My Files"/**' })
  const { files } = read(join(root, 'tree.torrent'))
  assert.deepEqual(
    files.map(({ path }) => path.join('/')),
    ['kept file'],
  )
})

test('a chosen preset that did not fill in the fields does so before anything is made', async (t) => {
  const fields = { trackers: 'http://p.example/announce', private: 'on', source: 'EX' }
  const { root, send } = await openTestGui(t, TREE, {
    presets: [{ name: 'private site', fields }],
  })
  for (const [page, act] of [
    ['make', 'make'],
    ['make', 'plan'],
    ['complete', 'look'],
  ] as const) {
    const { text } = await send(page, { act, preset: 'private site', path: 'tree' })
    assert.match(text, /The preset filled in the fields/)
    assert.match(text, /name="source"\s+value="EX"/)
    assert.equal(existsSync(join(root, 'tree.torrent')), false)
  }
  const filled = { ...fields, preset: 'private site', filled: 'private site' }
  const { status } = await send('make', { act: 'make', path: 'tree', ...filled })
  assert.equal(status, 200)
  assert.equal(read(join(root, 'tree.torrent')).private, true)
})

test('names with blanks at their ends, or with line breaks, can be chosen', async (t) => {
  const { root, send } = await openTestGui(t, { 'trail /a': 'a', 'new\nline.txt': 'b' })
  const { text } = await send('make', { act: 'browse-path' })
  const choices = [...text.matchAll(/name="(at|picked)" value="([^"]+)"/g)]
  const chosen = (name: string, part: string) =>
    choices.find(([, kind, value = '']) => kind === name && value.includes(part))?.[2] ?? ''
  const inside = await send('make', { choose: 'path', at: chosen('at', 'trail') })
  assert.match(inside.text, /trail%20\/a|trail \/a/)
  // Browsers send line breaks as CRLF
  const path = chosen('picked', 'line.txt').replaceAll(/\r?\n/g, '\r\n')
  const { status, text: made } = await send('make', { act: 'make', path })
  assert.equal(status, 200, made)
  assert.equal(read(join(root, 'new\nline.txt.torrent')).name, 'new\nline.txt')
  const whole = chosen('at', 'trail')
  assert.equal((await send('make', { act: 'make', path: whole })).status, 200)
  assert.equal(read(join(root, 'trail .torrent')).name, 'trail ')
})

test('names of files and values of fields are inert', async (t) => {
  const name = '<script>alert(1)<\u002fscript>"\'&\u202etxt'
  const { root, send, get } = await openTestGui(t, { 'd/x': 'x' })
  writeFileSync(join(root, 'd', name.replace('/', '_')), 'x')
  for (const page of [
    await send('make', { act: 'browse-path', path: 'd/x' }),
    await send('make', { act: 'make', path: 'd', comment: name, source: name }),
    await get(`edit?${new URLSearchParams({ torrents: join(root, 'd.torrent') }).toString()}`),
  ]) {
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text, /<script>alert/)
  }
  assert.equal(read(join(root, 'd.torrent')).comment, name)
})

test('the first button of each form is the one for Enter', async (t) => {
  const { get } = await openTestGui(t)
  for (const [page, act] of [
    ['make', 'plan'],
    ['check', 'check'],
    ['complete', 'look'],
  ] as const) {
    const { text } = await get(page)
    const [, form = ''] = text.split(`action="${page}"`)
    assert.equal(/<button[^>]*value="([^"]*)"/.exec(form)?.[1], act)
  }
})

test('a link that cannot be followed does not hide the others', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  symlinkSync('loop', join(root, 'loop'))
  const { text } = await send('make', { act: 'browse-path' })
  assert.match(text, /tree\/<\/button>/)
  assert.match(text, /loop<\/button>/)
})

test('the picker goes through directories and keeps the other fields', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const first = await send('make', { act: 'browse-path', comment: 'kept' })
  assert.match(first.text, new RegExp(`name="at" value="${root}/tree"`))
  const fields = { choose: 'path', comment: 'kept' }
  const inside = await send('make', { ...fields, at: join(root, 'tree') })
  assert.match(inside.text, new RegExp(`name="picked" value="${root}/tree/a"`))
  const { text } = await send('make', { ...fields, picked: join(root, 'tree/a') })
  assert.match(text, new RegExp(`name="path"\\s+value="${root}/tree/a"`))
  assert.match(text, />\nkept<\/textarea>/)
})

test('a directory that is gone is said in the picker, which leads elsewhere', async (t) => {
  const { root, send } = await openTestGui(t, TREE)
  const { status, text } = await send('make', { choose: 'path', at: join(root, 'gone') })
  assert.deepEqual([status, /gone: no such/.test(text)], [200, true])
  assert.match(text, new RegExp(`name="at" value="${root}"`))
})

test('the picker lists directories first, then names as people sort, and makes directories', async (t) => {
  const { root, send } = await openTestGui(t, {
    'd/ep10': 'x',
    'd/Ep2': 'y',
    'd/über': 'z',
    'd/sub/a': 'a',
    'd/z.iso': 'i',
  })
  const { text } = await send('make', { act: 'browse-path', path: 'd/ep10' })
  const entries = [
    ...text.matchAll(/scope="row"[^>]*>\s*<button[^>]*class="([^"]*)"[^>]*>([^<]*)/g),
  ]
  assert.deepEqual(
    entries.map(([, icon, name]) => `${icon} ${name}`),
    ['dir sub/', 'file Ep2', 'file ep10', 'file über', 'file disc z.iso'],
  )
  assert.match(text, />1 B</)
  const made = await send('make', {
    act: 'create',
    choose: 'path',
    here: join(root, 'd'),
    fresh: 'new',
  })
  assert.match(made.text, new RegExp(`<p class="sub">${root}/d/new<`))
  for (const [fresh, why] of [
    ['../x', 'needs a name without a slash'],
    ['', 'needs a name without a slash'],
    ['new', 'already exists'],
  ] as const) {
    const bad = await send('make', { act: 'create', choose: 'path', here: join(root, 'd'), fresh })
    assert.match(bad.text, new RegExp(`<p class="sub">${root}/d<[^]*${why}`), fresh)
    assert.deepEqual([bad.status, existsSync(join(root, 'x'))], [400, false])
  }
})

test('work that is cancelled writes nothing', async (t) => {
  const { root, pages, get } = await openTestGui(t, {}, { patience: 0 })
  plantEndless(join(root, 'large'))
  const form = new URLSearchParams({ act: 'make', path: 'large' })
  const { headers } = await fetch(`${pages}make`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  })
  const job = headers.get('location') ?? ''
  assert.match((await get(job)).text, /data-job/)
  await fetch(`${pages}${job}/cancel`, { method: 'POST' })
  await until('the work ends', async () => /was cancelled<\/h1>/.test((await get(job)).text))
  const { text } = await get(job)
  assert.match(text, /href="\.\.\/make\?path=large">Back to the form</)
  assert.doesNotMatch(text, /class="error"/)
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('large')),
    ['large'],
  )
})

test('a torrent without a tracker is said to have none', async (t) => {
  const { send } = await openTestGui(t, TREE)
  const none = /only the DHT helps clients find peers: no tracker, no seeds/
  assert.match((await send('make', { act: 'make', path: 'tree/a' })).text, none)
  const trackers = 'http://a.example/announce'
  assert.doesNotMatch((await send('make', { act: 'make', path: 'tree', trackers })).text, none)
})

test('the trackers of the last torrent are offered again, also by the next window', async (t) => {
  const first = await openTestGui(t, TREE)
  assert.doesNotMatch((await first.get('make')).text, /last torrent/)
  const trackers = 'http://a.example/announce\n\nudp://b.example:1'
  const fields = { path: 'tree', trackers, private: 'on', source: 'TAG', comment: 'of this one' }
  await first.send('make', { act: 'make', ...fields })
  const stateDirectory = join(first.root, '.state')
  const { root, send } = await openTestGui(t, { other: 'x' }, { stateDirectory })
  const preset = 'as the last torrent'
  const { text } = await send('make', { act: 'preset', path: 'other', preset })
  assert.match(text, /http:\/\/a\.example\/announce\n\nudp:\/\/b\.example:1<\/textarea>/)
  const shown = { path: 'other', preset, filled: preset, trackers, private: 'on', source: 'TAG' }
  await send('make', { act: 'make', ...shown })
  const { announceList, comment, private: isPrivate } = read(join(root, 'other.torrent'))
  assert.deepEqual(
    [announceList, comment, isPrivate],
    [[['http://a.example/announce'], ['udp://b.example:1']], null, true],
  )
  // The URLs may have passkeys
  const [note = ''] = readdirSync(join(stateDirectory, 'form'))
  assert.equal(statSync(join(stateDirectory, 'form', note)).mode & 0o777, 0o600)
})

test('the page of a torrent that was made names the command that seeds it', async (t) => {
  const { root, send } = await openTestGui(t, { ...TREE, 'out/.keep': '' })
  const trackers = 'http://t.example/announce'
  const commandOf = async (fields: Readonly<Record<string, string>>) => {
    const { text } = await send('make', { act: 'make', path: 'tree', ...fields })
    return /<code[^>]*>(btkit seed .*)<\/code>/.exec(text)?.[1]?.replaceAll('&#39;', "'")
  }
  assert.equal(await commandOf({ trackers }), `btkit seed ${root}/tree.torrent`)
  const elsewhere = await commandOf({ trackers, output: `${root}/out/my tree` })
  assert.equal(elsewhere, `btkit seed --data ${root} '${root}/out/my tree.torrent'`)
  const trackerless = await commandOf({ replace: 'on' })
  assert.equal(trackerless, `btkit seed --dht ${root}/tree.torrent`)
})

test('the client of the user is given the torrent that was made', async (t) => {
  const first = await openTestGui(t, TREE)
  const without = await first.send('make', { act: 'make', path: 'tree' })
  assert.doesNotMatch(without.text, /Start seeding/)
  const { infoHash } = read(join(first.root, 'tree.torrent'))
  const seeded = { hashString: infoHash ?? '', name: 'tree', downloadDir: first.root }
  const client = await startFakeTransmission(t, [seeded])
  const { send } = await openTestGui(t, {}, { directory: first.root, client })
  const made = await send('make', { act: 'make', path: 'tree', replace: 'on' })
  assert.match(made.text, /<button[^>]+form="seed" name="act" value="seed">\s*Start seeding\s*</)
  const hidden = [...made.text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]))
  const { text } = await send('make', { act: 'seed', ...fields })
  assert.match(text, /Your client seeds it already\./)
  writeFileSync(join(first.root, 'tree/a'), 'other')
  const changed = await send('make', { act: 'seed', ...fields })
  assert.match(changed.text, /role="alert"[^]*tree\.torrent: /)
})

/** Sends a form without waiting for the work that it begins. */
async function begin(pages: string, fields: Record<string, string>): Promise<string> {
  const body = new URLSearchParams(fields)
  const { headers } = await fetch(`${pages}make`, { method: 'POST', body, redirect: 'manual' })
  return headers.get('location') ?? ''
}

test('without a client, btkit seeds what was made until it is stopped', async (t) => {
  const seedProgram = [
    process.execPath,
    executable('btkit'),
    'seed',
    '--port',
    '0',
    '--no-cache',
    '--no-port-mapping',
  ]
  const { root, pages, get, send } = await openTestGui(t, TREE, { seedProgram, patience: 0 })
  for (const path of ['tree/a', 'tree/b/c']) utimesSync(join(root, path), 1e9, 1e9)
  const trackers = 'http://127.0.0.1:1/announce'
  const made = await send('make', { act: 'make', path: 'tree', trackers })
  const form = /<form[^>]*id="seed"[^]*?<\/form>/.exec(made.text)?.[0] ?? ''
  const hidden = [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]))
  const job = await begin(pages, { act: 'seed', ...fields })
  await until('it seeds', async () =>
    /\d+ peers? · \S+ \S+\/s · \S+ \S+ sent/.test((await get(`${job}/state`)).text),
  )
  const shared = /sent[^]*data-copy="(\S+)"[^]*id="\1" value="magnet:\?xt=urn:btih:[^]*QR code/
  assert.match((await get(job)).text, shared)
  assert.match((await get('')).text, shared, 'the first page has what is seeded')
  assert.match((await get(job)).text, /Seeding of tree\.torrent[^]*<button>Stop<\/button>/)
  assert.equal(await begin(pages, { act: 'seed', ...fields }), job, 'it is not seeded twice')
  await fetch(`${pages}${job}/cancel`, { method: 'POST' })
  await until('it ends', async () => /torrent has ended<\/h1>/.test((await get(job)).text))
  const wrong = await begin(pages, { act: 'seed', ...fields, torrent: 'tree/a' })
  await until('it fails', async () => /role="alert">btkit seed: /.test((await get(wrong)).text))
})

test('folded fields are named where they are folded', async (t) => {
  const { get } = await openTestGui(t)
  const fields = { version: 'hybrid', webSeeds: 'http://w.example/', source: 'TAG', all: 'on' }
  const { text } = await get(`make?${new URLSearchParams(fields).toString()}`)
  const [, folded] = /data-set>([^<]*)</.exec(text) ?? []
  const set = 'Web seeds: http://w.example/, Version: hybrid: v1 and v2, Source tag: TAG'
  assert.equal(folded, `${set}, Hidden files: include`)
  assert.match((await get('make')).text, /data-set><\/span>/)
})

test('the form says where the torrent will be, and offers to replace one that is there', async (t) => {
  const { root, get, send } = await openTestGui(t, TREE)
  const place = /placeholder="([^"]*)"[^>]*data-drop[^>]*\/?>/
  const saveTo = (text: string) => place.exec(text.split('for="output"')[1] ?? '')?.[1]
  assert.equal(saveTo((await get('make')).text), 'beside the content')
  assert.equal(saveTo((await get('make?path=tree')).text), join(root, 'tree.torrent'))
  writeFileSync(join(root, 'tree.torrent'), '')
  const { text } = await send('make', { act: 'make', path: 'tree' })
  const [seen = '', folded = ''] = text.split('<details')
  assert.deepEqual([/name="replace"/.test(seen), /name="replace"/.test(folded)], [true, false])
})

test('others are answered beside a preview of a huge tree, which ends when its page is left', async (t) => {
  const { root, pages, send } = await openTestGui(t, TREE)
  plantEndless(join(root, 'endless'))
  const leave = new AbortController()
  const body = new URLSearchParams({ act: 'plan', path: 'endless' })
  const huge = fetch(new URL('make', pages), { method: 'POST', body, signal: leave.signal })
  const other = await send('make', { act: 'plan', path: 'tree' })
  assert.match(other.text, /2 files/)
  leave.abort()
  await assert.rejects(huge, { name: 'AbortError' })
  assert.match((await send('make', { act: 'plan', path: 'tree' })).text, /2 files/)
})
