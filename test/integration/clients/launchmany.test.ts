import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertHolds, downloadFromPeers } from '../../support/clients.js'
import { executable } from '../../support/executable.js'
import { findPeer, unlessInstalled, unlessLibtorrent, unlessVersion } from '../../support/peers.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { startTrack } from '../../support/track.js'

import {
  addRelease,
  launch,
  LIMIT,
  OFTEN,
  OLD,
  pathWith,
  plantRelease,
  processesOf,
} from './launchmany.js'
import { until } from '../../support/until.js'

test('launchmany says when its client ends', unlessInstalled('aria2c'), async (t) => {
  const directory = await plantRelease(t)
  const TMPDIR = makeScratch(t)
  const args = [...OFTEN, '--parse_dir_interval', '60', directory]
  const { said, ended } = launch(t, args, { PATH: pathWith(t, 'aria2c'), TMPDIR })
  await until('seeded', () => said.text.includes('"seeding"'))
  const clients = processesOf(TMPDIR).filter((pid) => {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'aria2c\n'
  })
  for (const pid of clients) process.kill(Number(pid), 'SIGKILL')
  await until('told', () => said.text.includes('btkit: aria2c: exited'))
  assert.equal((await ended).status, 1)
})

test(
  'a torrent whose data is damaged is told, and seeded once it is whole',
  unlessInstalled('aria2c'),
  async (t) => {
    const directory = await plantRelease(t)
    const file = join(directory, 'one.iso')
    const whole = readFileSync(file)
    writeFileSync(file, Buffer.alloc(whole.length))
    const env = { PATH: pathWith(t, 'aria2c'), TMPDIR: makeScratch(t) }
    const { said } = launch(t, [...OFTEN, directory], env)
    await until('told', () => said.text.includes('its data is not whole'))
    assert.doesNotMatch(said.text, /seeding/)
    writeFileSync(file, whole)
    await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
    assert.equal(said.text.split('its data is not whole').length, 2, 'told once')
  },
)

test(
  'launchmany lets go of what it gave a client that is not its own, and of nothing else',
  unlessInstalled('transmission-daemon'),
  async (t) => {
    const directory = await plantRelease(t)
    const daemon = await daemonKinds['transmission']!.start(t)
    const published = ['publish', join(directory, 'one.iso.torrent'), '--client', daemon.url]
    assert.equal((await runBtkit(published)).status, 0)
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    const { said, stop } = launch(t, [...OFTEN, directory], { BTKIT_CLIENT: daemon.url })
    await until('both seeded', () => /"one.iso": "seeding"[^]*"two.iso": "seeding"/.test(said.text))
    assert.equal((await stop('SIGINT')).status, 0)
    const { stdout } = await runBtkit(['status', '--client', daemon.url])
    assert.match(stdout, /^one.iso .*seeding/m)
    assert.doesNotMatch(stdout, /two.iso/)
  },
)

test(
  'a torrent is downloaded through btkit track from the client of launchmany',
  { skip: unlessLibtorrent.skip || unlessInstalled('aria2c').skip },
  async (t) => {
    const tracker = await startTrack(t, { args: ['--interval', '5'] })
    const directory = await plantRelease(t, `${tracker.address}/announce`)
    const env = { PATH: pathWith(t, 'aria2c'), TMPDIR: makeScratch(t) }
    const { said } = launch(t, [...OFTEN, directory], env)
    await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
    await until('announced', async () => {
      return /complete/.test(await (await tracker.get('/scrape')).text())
    })
    const to = makeScratch(t)
    const torrent = readFileSync(join(directory, 'one.iso.torrent'))
    const { trackerPeers } = await downloadFromPeers(t, torrent, { directory: to })
    assert.ok(trackerPeers > 0)
    assertHolds(to, { 'one.iso': readFileSync(join(directory, 'one.iso')) })
  },
)

test(
  'launchmany seeds hybrids with a program that opens them, where there is one',
  { skip: unlessInstalled('aria2c').skip || unlessInstalled('rtorrent').skip },
  async (t) => {
    const directory = await plantRelease(t, 'http://127.0.0.1:1/announce', '--hybrid')
    const env = { PATH: pathWith(t, 'aria2c', 'rtorrent'), TMPDIR: makeScratch(t) }
    const { said } = launch(t, [...OFTEN, directory], env)
    await until('seeded', () => said.text.includes('"seeding" (100.0%)'))
  },
)

test(
  'launchmany tells once that its client can not open a hybrid, and seeds the others',
  { skip: unlessVersion('aria2c', /^aria2 version 1\.36\./) },
  async (t) => {
    const directory = await plantRelease(t, 'http://127.0.0.1:1/announce', '--hybrid')
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    const env = { PATH: pathWith(t, 'aria2c'), TMPDIR: makeScratch(t) }
    const { said } = launch(t, [...OFTEN, directory], env)
    await until('the other is seeded', () => said.text.includes('"two.iso": "seeding" (100.0%)'))
    await addRelease(directory, 'three.iso', 'http://127.0.0.1:1/announce')
    await until('tried again', () => said.text.includes('"three.iso": "seeding" (100.0%)'))
    const told = said.text.split('\n').filter((line) => line.includes('one.iso.torrent'))
    assert.equal(told.length, 1, told.join('\n'))
    assert.match(told.join(), /aria2 1\.36\.\d+ can't open this hybrid/)
  },
)

test('launchmany without any client names those that it takes', async (t) => {
  const directory = await plantRelease(t)
  const { said, ended } = launch(t, [directory], { PATH: makeScratch(t) })
  assert.equal((await ended).status, 1)
  assert.match(said.text, /install one of aria2c, rtorrent/)
})

/** A terminal of 80 by 24 in which a shell runs, and what is seen on it. */
function openTerminal(t: TestContext, env: Readonly<Record<string, string>>) {
  // Before the directory of its socket is removed
  t.after(() => tmux('kill-server'))
  const socket = join(makeScratch(t), 'tmux')
  const tmux = (...args: readonly string[]) => {
    return execFileSync(findPeer('tmux')!, ['-S', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env, LC_ALL: 'C.UTF-8' },
      timeout: LIMIT,
    })
  }
  tmux('new-session', '-d', '-x', '80', '-y', '24', findPeer('sh')!)
  return {
    type: (...keys: readonly string[]) => tmux('send-keys', ...keys),
    resize: (columns: number, rows: number) => {
      tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)
    },
    seen: () => tmux('capture-pane', '-p'),
    /** With what went up out of sight. */
    all: () => tmux('capture-pane', '-p', '-S', '-'),
  }
}

test(
  'the table of a terminal stays after messages and another size, and leaves only messages behind',
  { skip: unlessInstalled('aria2c').skip || unlessInstalled('tmux').skip },
  async (t) => {
    const directory = await plantRelease(t)
    await addRelease(directory, 'two.iso', 'http://127.0.0.1:1/announce')
    const PATH = pathWith(t, 'aria2c')
    const terminal = openTerminal(t, { TMPDIR: makeScratch(t) })
    const btkit = [process.execPath, executable('btlaunchmany')].join(' ')
    const seldom = '--display_interval 600 --parse_dir_interval 0.3 --no-cache'
    terminal.type(
      `PATH=${PATH} ${btkit} ${seldom} ${OLD.join(' ')} ${directory}; echo status: $?`,
      'Enter',
    )
    await until('seen', () => /^one.iso .*\n^two.iso /m.test(terminal.seen()))

    rmSync(join(directory, 'one.iso.torrent'))
    await until('told', () => terminal.seen().includes('dropped'))
    await until('shown again', () => /^name .*\ntwo.iso .*\n\n/.test(terminal.seen()))

    for (const [columns, rows] of [
      [60, 12],
      [100, 30],
    ] as const) {
      terminal.resize(columns, rows)
      await until('fits', () => terminal.seen().split('\n')[0]!.length > columns - 20)
      assert.equal(terminal.seen().match(/^name /gm)?.length, 1, terminal.seen())
      assert.equal(terminal.seen().match(/^two.iso /gm)?.length, 1, terminal.seen())
    }

    terminal.type('C-c')
    await until('ended', () => /^status: 0$/m.test(terminal.seen()))
    const left = terminal.all()
    assert.doesNotMatch(left, /^name /m)
    for (const told of ['added', 'dropped']) assert.match(left, new RegExp(`^btkit: ${told} `, 'm'))
  },
)
