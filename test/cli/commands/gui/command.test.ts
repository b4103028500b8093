import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formPresets } from '../../../../src/cli/configuration/form-presets.js'
import { ask } from '../../../support/visitor.js'
import { Captured, assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { serveMirror } from '../../../support/serve.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

/** Standard output that opens the address in it, as a browser does, and acts on where it leads. */
class Watched extends Captured {
  constructor(private readonly act: (location: string, address: string) => void) {
    super()
  }

  override write(chunk: string | Uint8Array): void {
    super.write(chunk)
    const address = /http:\S+/.exec(String(chunk))?.[0]
    if (address !== undefined)
      void ask(address).then(({ location }) => {
        this.act(location, address)
      })
  }
}

for (const [program, first] of [
  ['btkit', ''],
  ['btmaketorrentgui', 'make'],
  ['btcompletedirgui', 'complete'],
] as const) {
  test(`${program} prints an address that opens its pages, and ends with a signal`, async (t) => {
    const directory = makeScratch(t)
    const stop = new AbortController()
    let opened = ''
    const stdout = new Watched((location) => {
      opened = location
      stop.abort()
    })
    const isLegacy = program !== 'btkit'
    const { status, stderr } = await runBtkit(
      isLegacy ? ['--no-browser'] : ['gui', '--no-browser'],
      {
        program,
        subcommand: isLegacy ? 'gui' : null,
        stdout,
        cwd: directory,
        signal: stop.signal,
        env: { XDG_RUNTIME_DIR: directory },
      },
    )
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(opened, new RegExp(`^/[0-9a-f]{32}/${first}$`))
    const file = /file:\/\/(\S+)\)/.exec(stdout.text)?.[1] ?? ''
    assert.ok(file.startsWith(directory))
    assert.equal(existsSync(file), false, 'nothing is left')
  })
}

test('on a desktop the page is opened in the browser, unless somebody says no', async (t) => {
  const cwd = makeScratch(t)
  for (const name of ['xdg-open', 'open'])
    writeFileSync(join(cwd, name), '#!/bin/sh\n', { mode: 0o755 })
  const usual = process.env['PATH']
  t.after(() => (process.env['PATH'] = usual))
  process.env['PATH'] = `${cwd}:${usual}`
  for (const [args, DISPLAY, said] of [
    [[], ':0', 'The page opens in your browser; or open http://'],
    [['--no-browser'], ':0', 'Open http://'],
    [[], '', 'Open http://'],
  ] as const) {
    const stop = new AbortController()
    const stdout = new Watched(() => {
      stop.abort()
    })
    const env = { XDG_RUNTIME_DIR: cwd, DISPLAY }
    await runBtkit(['gui', ...args], { stdout, cwd, env, signal: stop.signal })
    assert.ok(stdout.text.startsWith(said), stdout.text)
  }
})

test('the end of the pages is said in the terminal', async (t) => {
  const directory = makeScratch(t)
  const stdout = new Watched((location, address) => {
    void fetch(new URL(`${location}quit`, address), { method: 'POST' })
  })
  const env = { XDG_RUNTIME_DIR: directory }
  assertStatus(await runBtkit(['gui', '--no-browser'], { stdout, cwd: directory, env }), 0)
  assert.match(stdout.text, /\nThe pages are closed, and btkit gui has ended\.\n$/)
})

test('a port that is in use is named, and nothing is left', async (t) => {
  const { port } = await serveMirror(t)
  const directory = makeScratch(t)
  const args = ['gui', '--no-browser', '--port', `${port}`]
  const env = { XDG_RUNTIME_DIR: directory }
  const { status, stdout, stderr } = await runBtkit(args, { env })
  assert.deepEqual(readdirSync(directory), [])
  const message = `btkit: 127.0.0.1 port ${port}: address already in use; choose another one with --port; 0: a free one\n`
  assert.deepEqual([status, stdout, stderr], [1, '', message])
})

test('a runtime directory that cannot be used is named', async (t) => {
  const directory = join(makeScratch(t), 'of-another-user')
  const env = { XDG_RUNTIME_DIR: directory }
  const failed = await runBtkit(['gui', '--no-browser'], { env })
  assertError(failed, 'not-found', `${directory}: no such file or directory`)
})

test('a directory that is none is refused before anything is opened', async () => {
  const refused = await runBtkit(['gui', '--no-browser', '/no/such'])
  assertError(refused, 'usage', '/no/such: no such directory or torrent')
})

test('a torrent is shown first; a magnet link and another file are answered with what to type', async (t) => {
  const torrent = torrentOf(singleFileInfo())
  const cwd = makeScratch(t, { 'a b.torrent': torrent, 'x.txt': '1' })
  const stop = new AbortController()
  let opened = ''
  const stdout = new Watched((location) => {
    opened = location
    stop.abort()
  })
  const env = { XDG_RUNTIME_DIR: cwd }
  const run = { stdout, cwd, env, signal: stop.signal }
  assert.equal((await runBtkit(['gui', '--no-browser', 'a b.torrent'], run)).status, 0)
  assert.equal(new URL(opened, 'http://x').searchParams.get('torrent'), join(cwd, 'a b.torrent'))
  const link = `magnet:?xt=urn:btih:${'0'.repeat(40)}&dn=a`
  const magnet = await runBtkit(['gui', link], { cwd })
  const advice = `btkit does not download; these do: aria2c '${link}', transmission-cli '${link}'`
  const how = `the pages show torrents that are files; ${advice}`
  assertError(magnet, 'usage', `magnet link: ${how}`)
  const text = await runBtkit(['gui', 'x.txt'], { cwd })
  const path = join(cwd, 'x.txt')
  const why = `${path}: not a directory or a torrent; to make its torrent: btkit gui, then Create`
  assertError(text, 'usage', why)
})

test('presets of the configuration fill the fields of the forms', async (t) => {
  const directory = makeScratch(t, {
    'config.yaml': `
aliases: { main: [[http://a.example/announce, http://b.example/announce], [udp://c.example:1]] }
presets:
  release:
    tracker: main
    private: true
    hybrid: true
    piece-length: 1M
    exclude: ['*.tmp', 'My Files/**']
    v2: false
    include: ['*.iso']
    set: {x: 1}
    max-piece-length: 4M
    symlinks: skip
    date: now
    http-seed: [http://h.example/]
    source: [ONE, TWO]
    comment: ours
    web-seed: [http://w.example/]
    web-seed-base: [http://b.example/files]
    entropy: true
`,
  })
  const io = { env: {}, isRoot: false, cwd: directory } as never
  const [preset] = await formPresets(join(directory, 'config.yaml'), io)
  const { carried, ...shown } = preset ?? {}
  assert.deepEqual(shown, {
    name: 'release',
    fields: {
      trackers: 'http://a.example/announce\nhttp://b.example/announce\n\nudp://c.example:1',
      private: 'on',
      version: 'hybrid',
      pieceLength: String(1024 * 1024),
      exclude: '*.tmp "My Files/**"',
      comment: 'ours',
      webSeeds: 'http://w.example/\nhttp://b.example/files/',
    },
    missing: ['source', 'entropy'],
  })
  const names = ['include', 'set', 'max-piece-length', 'symlinks', 'date', 'http-seed']
  assert.deepEqual(carried?.names, names)
  const { include, links, maxPieceLength, httpSeeds, creationDate, keys } = carried.options
  assert.deepEqual(
    { include, links, maxPieceLength, httpSeeds, creationDate, keys },
    {
      include: ['*.iso'],
      links: 'skip',
      maxPieceLength: 4 * 1024 * 1024,
      httpSeeds: ['http://h.example/'],
      // Now
      creationDate: undefined,
      keys: new Map([['x', 1]]),
    },
  )
})

test('a preset with a secret tracker and a power of two fills them in', async (t) => {
  const yaml =
    'presets: {own: {announce: [env:SECRET, http://b/], piece-size-pow2: 20, private: false}}\n'
  const cwd = makeScratch(t, { 'c.yaml': yaml })
  const io = { env: { SECRET: 'http://a/passkey' }, isRoot: false, cwd } as never
  const fields = { trackers: 'http://a/passkey\n\nhttp://b/', pieceLength: String(2 ** 20) }
  assert.deepEqual(await formPresets('c.yaml', io), [{ name: 'own', fields, missing: [] }])
})

test('a preset lacks a tracker whose secret is not there, and says so', async (t) => {
  const yaml =
    'presets: {own: {announce: env:SECRET, comment: x}, other: {announce-list: file:none}}\n'
  const cwd = makeScratch(t, { 'c.yaml': yaml })
  assert.deepEqual(await formPresets('c.yaml', { env: {}, isRoot: false, cwd } as never), [
    { name: 'own', fields: { comment: 'x' }, missing: ['announce'] },
    { name: 'other', fields: {}, missing: ['announce-list'] },
  ])
})

for (const length of ['4X', '3M']) {
  test(`a preset with the piece length ${length} is an error that names its place`, async (t) => {
    const file = join(makeScratch(t), 'c.yaml')
    writeFileSync(file, `presets:\n  bad: {piece-length: ${length}}\n`)
    const { stderr } = assertStatus(await runBtkit(['gui', '--no-browser', '--config', file]), 2)
    assert.ok(stderr.startsWith(`btkit: ${file}:2:23: piece-length '${length}': not a `), stderr)
  })
}
