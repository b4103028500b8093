import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { plantUsers, startAdmin, visitsOf } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { findFreePort } from '../../../support/opentracker.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'
import { startTrack } from '../../../support/track.js'

const HEADER = '<h1>Example <i>mirrors</i></h1><script>alert("no")</script>'
const SHOWN = /<header>\s*<div id="site-header"><h3>Example <i>mirrors<\/i><\/h3><\/div>/
// Browsers hash a style after they have changed the ends of its lines
const STYLE = '#site-header {\r\n  background: url(/logo.png) }\r\n'
const FILES = { 'header.html': HEADER, 'style.css': STYLE }

/** The options of a look whose files are in this directory. */
const lookIn = (directory: string) => [
  ...['--site-header', join(directory, 'header.html')],
  ...['--site-style', join(directory, 'style.css')],
]

const BROWSER = { headers: { accept: 'text/html' } }

/** Checks that a page has the header and the style, which its policy allows. */
async function assertHasLook(url: string, status = 200): Promise<void> {
  const answer = await fetch(url, BROWSER)
  assert.equal(answer.status, status, url)
  const page = await answer.text()
  assert.match(page, SHOWN, url)
  assert.doesNotMatch(page, /alert\(/, url)
  const styles = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map(([, text = '']) => text)
  assert.equal(styles.at(-1), STYLE.replaceAll('\r', ''), url)
  const policy = answer.headers.get('content-security-policy') ?? ''
  const allowed = /style-src ([^;]*)/.exec(policy)?.[1]?.split(' ') ?? []
  const hashes = styles.map(
    (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  )
  assert.deepEqual(allowed.toSorted(), hashes.toSorted(), url)
}

test('a header and a style are on all pages of the mirror, the tracker and the catalogue', async (t) => {
  const directory = makeScratch(t, FILES)
  const announce = `http://127.0.0.1:${await findFreePort()}/announce`
  const { address, stdout } = await serveMirror(t, {
    files: { 'iso/a.iso': 'content', 'README.md': '# about' },
    args: [
      ...['--host', '127.0.0.1', '--track', announce, ...lookIn(directory)],
      ...['--state-dir', join(directory, 'state')],
      ...['--admin-users', plantUsers(directory), '--admin-listen', '127.0.0.1:0'],
    ],
  })
  await fetch(`${address}/iso/a.iso.torrent`)
  for (const path of ['/', '/iso/', '/-/view/iso/a.iso.details', '/iso/a.iso.magnet', '/-/status'])
    await assertHasLook(address + path)
  // Sent again from memory
  await assertHasLook(`${address}/iso/`)
  await assertHasLook(`${address}/-/search?q=a`)
  await assertHasLook(`${address}/none`, 404)
  await assertHasLook(`${address}/%ff%`, 400)
  const tracker = announce.replace('/announce', '')
  for (const path of ['/index.html', '/catalogue/']) await assertHasLook(tracker + path)
  await assertHasLook(`${tracker}/none`, 404)
  const [hash] =
    /info_hash=[0-9a-f]{40}/.exec(await (await fetch(`${tracker}/catalogue/`)).text()) ?? []
  await assertHasLook(`${tracker}/torrent?${hash}`)
  const { text } = await visitsOf(stdout.text).visitor().get('/login')
  assert.match(text, SHOWN)
})

test('Markdown is a header, too', async (t) => {
  const directory = makeScratch(t, { 'header.md': '# Ours ♥️\n<script>alert(1)</script>' })
  const track = await startTrack(t, { args: ['--site-header', join(directory, 'header.md')] })
  const page = await (await track.get('/')).text()
  assert.match(page, /<div id="site-header"><h3>Ours ♥<\/h3>\s*<p>&lt;script&gt;/)
})

test('answers for programs, and pages without a look, stay as they are', async (t) => {
  const directory = makeScratch(t, FILES)
  const root = makeScratch(t, { 'a.iso': 'content' })
  const plain = await serveMirror(t, { root })
  const adorned = await serveMirror(t, { root, args: lookIn(directory) })
  const headers = { accept: 'application/json' }
  for (const path of ['/', '/a.iso.torrent', '/a.iso.magnet', '/-/search?q=a', '/none']) {
    const answers = [plain, adorned].map(async ({ address }) => {
      const answer = await fetch(address + path, { headers })
      const text = Buffer.from(await answer.arrayBuffer()).toString('latin1')
      return text.replaceAll(address, '').replaceAll(encodeURIComponent(address), '')
    })
    const [before, after] = await Promise.all(answers)
    assert.equal(after, before, path)
  }
  const text = await (await fetch(`${plain.address}/`)).text()
  const content = text.replaceAll(/<(script|style)>[^]*?<\/\1>/g, '')
  assert.doesNotMatch(content, /site-header|null|undefined/)
  const [one, other] = [plain, adorned].map(({ address }) => fetch(`${address}/`))
  assert.notEqual((await one)?.headers.get('etag'), (await other)?.headers.get('etag'))
})

test('the pages for administrators have the header, too, and the style in their file', async (t) => {
  const { logIn, visitor } = await startAdmin(t, { args: lookIn(makeScratch(t, FILES)) })
  const alice = await logIn()
  for (const page of [await visitor().get('/login'), await alice.get('/'), await alice.get('/x/y')])
    assert.match(page.text, SHOWN)
  assert.match(
    (await alice.get('/style.css')).text,
    /#site-header \{\s+background: url\(\/logo\.png\)/,
  )
})

const BAD: readonly (readonly [
  name: string,
  content: string | null,
  status: number,
  why: RegExp,
])[] = [
  ['header.md', null, 1, /header\.md: no such file or directory/],
  ['header.txt', 'x', 2, /header\.txt: not \.md, \.markdown, \.html or \.htm; rename it/],
  ['header.html', 'x'.repeat(32_769), 1, /header\.html: larger than the limit of 32768 bytes/],
  ['header.md', `|${'|'.repeat(300)}\n|${'-|'.repeat(300)}\n${'|\n'.repeat(2000)}`, 1, /too large/],
  ['style.css', null, 1, /style\.css: no such file or directory/],
  ['style.css', '\0', 2, /style\.css: not text in UTF-8/],
  ['style.css', 'a {} </STYLE ><script>', 2, /style\.css: <\/STYLE: pages load only/],
  ['style.css', '@import "b.css";', 2, /style\.css: @import: pages load only pictures/],
  ['style.css', '@font-face { src: url(/f) }', 2, /style\.css: @font-face: pages load only/],
  [
    'style.css',
    'a { x: URL( "https://e/a.png") }',
    2,
    /style\.css: URL\( "https:\/\/e\/a\.png"\): /,
  ],
  ['style.css', 'a { x: url(//e/a) }', 2, /style\.css: url\(\/\/e\/a\): pages load only/],
  ['style.css', "a { x: url('data:image/png,x') }", 2, /style\.css: url\('data:image\/png,x'\): /],
]

for (const [name, content, status, why] of BAD) {
  test(`${name} with ${JSON.stringify(content).slice(0, 40)} is refused before anything listens`, async (t) => {
    const directory = makeScratch(t, content === null ? {} : { [name]: content })
    const option = name.startsWith('header') ? '--site-header' : '--site-style'
    const args = [option, join(directory, name), '--port', '0']
    for (const command of [
      ['track', '--open', ...args],
      ['serve', makeScratch(t), '--trackerless', ...args],
    ]) {
      const result = await runBtkit(command)
      assert.deepEqual([result.status, result.stdout], [status, ''])
      assert.match(result.stderr, new RegExp(`^btkit: .*${why.source}.*\n$`))
    }
  })
}

test('a style that is not UTF-8 is refused', async (t) => {
  const directory = makeScratch(t, { 'style.css': Buffer.of(0x61, 0xff) })
  const { status, stderr } = await runBtkit([
    ...['track', '--open', '--port', '0', '--site-style', join(directory, 'style.css')],
  ])
  assert.equal(status, 2)
  assert.match(stderr, /^btkit: .*style\.css: not text in UTF-8\n$/)
})

test('a catalogue from a configuration has the look', async (t) => {
  const directory = makeScratch(t, { ...FILES, 't/a.torrent': torrentNamed('a', 'x') })
  const [header = '', style = ''] = lookIn(directory).filter((each) => !each.startsWith('--'))
  const track = await startTrack(t, {
    args: ['--allowed-dir', join(directory, 't')],
    io: { env: { BTKIT_TRACK_SITE_HEADER: header, BTKIT_TRACK_SITE_STYLE: style } },
  })
  await assertHasLook(`${track.address}/catalogue/`)
})
